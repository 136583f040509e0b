//! Event log, inventory and power reading as the API shows them.

use serde_json::{Map, Value, json};

use crate::base::moment::Moment;
use crate::base::time::Later;
use crate::depot::digest::hex;
use crate::driver::capability::books::Books;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::model::bmc::panel::Book;
use crate::wire::ipmi::data::dcmi::PowerReading;
use crate::wire::ipmi::data::fru::area::{Area, Inventory, Note};
use crate::wire::ipmi::data::sel::entry::{Body, Entry, Stamp};

impl Books for IpmiServer {
    fn read(&self, book: Book) -> Later<'_, Result<Value, DriverError>> {
        Box::pin(async move {
            Ok(match book {
                Book::Events => {
                    let log = self.events().await?;
                    let entries: Vec<Value> = log.entries.iter().map(entry).collect();
                    json!({"complete": log.is_whole, "entries": entries})
                }
                Book::Inventory => inventory(&self.inventory(MACHINE).await?),
                Book::Draw => draw(self.watts().await?),
            })
        })
    }
}

fn entry(entry: &Entry) -> Value {
    let mut shown = json!({"id": entry.id});
    let more = match entry.body {
        Body::Event(event) => json!({
            "sensor": event.sensor(),
            "event": event.text(),
            "asserted": !event.is_deasserted(),
            "data": hex(&event.data),
        }),
        Body::Stamped { kind, manufacturer, data, .. } => {
            json!({"oem_type": kind, "manufacturer": manufacturer, "data": hex(&data)})
        }
        Body::Other { kind, data } => json!({"oem_type": kind, "data": hex(&data)}),
    };
    let at = match entry.body {
        Body::Event(event) => event.at,
        Body::Stamped { at, .. } => at,
        Body::Other { .. } => Stamp::Unknown,
    };
    let when = match at {
        Stamp::Clock(seconds) => json!({"time": moment(seconds)}),
        Stamp::SinceStart(seconds) => json!({"time": null, "seconds_since_bmc_start": seconds}),
        Stamp::Unknown => json!({"time": null}),
    };
    for part in [when, more] {
        merge(&mut shown, part);
    }
    shown
}

fn merge(into: &mut Value, part: Value) {
    if let (Value::Object(into), Value::Object(part)) = (into, part) {
        into.extend(part);
    }
}

fn moment(seconds: u32) -> String {
    Moment(i64::from(seconds) * 1_000_000).iso()
}

fn inventory(found: &Inventory) -> Value {
    let mut shown = Map::new();
    if let Some(chassis) = &found.chassis {
        let fields = [("part_number", &chassis.part), ("serial_number", &chassis.serial)];
        shown.insert("chassis".to_owned(), fields_of(&fields, &chassis.custom));
    }
    if let Some(board) = &found.board {
        let fields = [
            ("manufacturer", &board.maker),
            ("product_name", &board.product),
            ("serial_number", &board.serial),
            ("part_number", &board.part),
            ("fru_file_id", &board.file),
        ];
        let mut fields = fields_of(&fields, &board.custom);
        if let Some(made) = board.made_at().and_then(|seconds| u32::try_from(seconds).ok()) {
            merge(&mut fields, json!({"manufactured_at": moment(made)}));
        }
        shown.insert("board".to_owned(), fields);
    }
    if let Some(product) = &found.product {
        let fields = [
            ("manufacturer", &product.maker),
            ("product_name", &product.name),
            ("part_number", &product.part),
            ("version", &product.version),
            ("serial_number", &product.serial),
            ("asset_tag", &product.asset),
            ("fru_file_id", &product.file),
        ];
        shown.insert("product".to_owned(), fields_of(&fields, &product.custom));
    }
    shown.insert("faults".to_owned(), found.notes.iter().map(|note| fault(*note)).collect());
    Value::Object(shown)
}

/// What is empty is left out.
fn fields_of(fields: &[(&str, &String)], custom: &[String]) -> Value {
    let given = fields.iter().filter(|(_, text)| !text.is_empty());
    let mut shown: Map<String, Value> =
        given.map(|(name, text)| ((*name).to_owned(), Value::String((*text).clone()))).collect();
    if !custom.is_empty() {
        shown.insert("custom".to_owned(), json!(custom));
    }
    Value::Object(shown)
}

fn fault(note: Note) -> String {
    let name = |area| match area {
        Area::Chassis => "chassis",
        Area::Board => "board",
        Area::Product => "product",
    };
    match note {
        Note::HeaderChecksum => "the header's checksum is wrong".to_owned(),
        Note::Checksum(area) => format!("the checksum of the {} area is wrong", name(area)),
        Note::Cut(area) => format!("the {} area is cut short", name(area)),
        Note::Unreadable(area) => format!("the {} area could not be read", name(area)),
    }
}

fn draw(reading: PowerReading) -> Value {
    json!({
        "current_watts": reading.current,
        "minimum_watts": reading.minimum,
        "maximum_watts": reading.maximum,
        "average_watts": reading.average,
        "period_milliseconds": reading.period,
        "measuring": reading.is_measuring,
    })
}

/// The unit that is the machine itself.
const MACHINE: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ipmi::data::fru::area::Product;

    #[test]
    fn an_event_says_when_where_what_and_whether_it_came_or_went() {
        let mut bytes =
            [0x01, 0x00, 0x02, 0, 0, 0, 0x60, 0x20, 0x00, 0x04, 0x01, 0x01, 0x01, 0x59, 0x30, 0x2d];
        let shown = entry(&Entry::parse(&bytes).unwrap());
        assert_eq!((&shown["id"], &shown["time"]), (&json!(1), &json!("2021-01-14T08:25:36.000000+00:00")));
        assert_eq!((&shown["sensor"], &shown["asserted"]), (&json!("Temperature #0x01"), &json!(true)));
        assert_eq!(shown["data"], "59302d");
        bytes[6] = 0;
        bytes[12] |= 0x80;
        let shown = entry(&Entry::parse(&bytes).unwrap());
        assert_eq!((&shown["time"], &shown["seconds_since_bmc_start"]), (&Value::Null, &json!(0)));
        assert_eq!(shown["asserted"], false);
        bytes[2] = 0xe0;
        assert_eq!(entry(&Entry::parse(&bytes).unwrap())["oem_type"], 0xe0);
    }

    #[test]
    fn an_inventory_shows_what_it_has_and_what_is_wrong_with_it() {
        let product = Product { serial: "S1".to_owned(), custom: vec!["x".to_owned()], ..Product::default() };
        let found = Inventory {
            product: Some(product),
            notes: vec![Note::Cut(Area::Product)],
            ..Inventory::default()
        };
        let want = json!({
            "product": {"serial_number": "S1", "custom": ["x"]},
            "faults": ["the product area is cut short"],
        });
        assert_eq!(inventory(&found), want);
    }
}

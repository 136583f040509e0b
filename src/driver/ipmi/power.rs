//! Power: looked at first, switched, and looked at until it is so.
//!
//! On and off may be said again; a press of the soft button or of reset may not: after a lost answer it is looked at.

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::driver::ipmi::call::CallError;
use crate::model::bmc::power::{Power, PowerWish};
use crate::wire::ipmi::data::chassis::{Control, Status};

impl PowerSwitch for IpmiServer {
    fn state(&self) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            let power = self.power().await?;
            self.meet().await;
            Ok(power)
        })
    }

    fn set(&self, wish: PowerWish, limit: Duration) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            match wish {
                PowerWish::On => self.switch(Control::On, Power::On, limit).await,
                PowerWish::Off => self.switch(Control::Off, Power::Off, limit).await,
                PowerWish::SoftOff => self.switch(Control::SoftOff, Power::Off, limit).await,
                PowerWish::Reset => self.reset(limit).await,
                PowerWish::SoftReset => Err(DriverError::Unsupported {
                    implementation: "ipmitool power".to_owned(),
                    what: "a soft reboot of a machine that is never switched off".to_owned(),
                }),
            }
        })
    }
}

impl IpmiServer {
    /// Get Chassis Status.
    pub async fn chassis(&self) -> Result<Status, DriverError> {
        let data = self.command("chassis power status", Status::ask()).await?;
        Status::parse(&data).map_err(|error| {
            DriverError::refused(format!("chassis power status ({})", self.who()), error.to_string())
        })
    }

    async fn power(&self) -> Result<Power, DriverError> {
        let status = self.chassis().await?;
        Ok(if status.is_on() { Power::On } else { Power::Off })
    }

    /// Boots a running machine anew without switching it off; one that is off is switched on.
    pub async fn reset(&self, limit: Duration) -> Result<Power, DriverError> {
        if self.power().await? != Power::On {
            return self.switch(Control::On, Power::On, limit).await;
        }
        // After a lost answer nothing shows whether it was reset; a second reset would harm more than none.
        self.press(Control::Reset).await?;
        // The state is on before and after: it is given time to fall, should it fall.
        sleep(&*self.ipmi.wires.clock, self.ipmi.manner.restart).await;
        self.seen(Power::On, None, limit).await
    }

    /// Brings `goal` about and returns the power seen at last.
    async fn switch(&self, control: Control, goal: Power, limit: Duration) -> Result<Power, DriverError> {
        if self.power().await? == goal {
            return Ok(goal);
        }
        let mut answered = "completion code 00h".to_owned();
        if let Err(error) = self.press(control).await {
            // "Not in this state" may mean that it was so already, and a lost answer that it was done.
            let was_done = matches!(self.power().await, Ok(seen) if seen == goal);
            if !was_done && matches!(error, CallError::NotDone(_)) {
                return Err(error.into());
            }
            answered = format!("nothing that tells ({error})");
        }
        let again = matches!(control, Control::On | Control::Off).then_some(control);
        let (who, word, goal_word) = (self.who(), words(control), goal.name());
        match self.seen(goal, again, limit).await {
            Ok(seen) if seen == goal => Ok(seen),
            Ok(seen) => Err(DriverError::NotApplied {
                text: format!(
                    "{word} of {who} was accepted but not applied: asked {goal_word}, answered {answered}, seen {} \
                     after {} s",
                    seen.name(),
                    limit.as_secs()
                ),
            }),
            Err(error @ DriverError::LoginRefused { .. }) => Err(error),
            Err(error) => Err(DriverError::Unseen {
                text: format!(
                    "{word} of {who} was sent (asked {goal_word}, answered {answered}), but what came of it is not \
                     seen: {error}"
                ),
                who,
            }),
        }
    }

    /// Chassis Control.
    pub async fn press(&self, control: Control) -> Result<(), CallError> {
        let ask = control.ask();
        let number = (ask.netfn, ask.command);
        let answer = self.ask(ask).await?;
        if answer.completion.is_ok() {
            return Ok(());
        }
        Err(CallError::NotDone(self.refused(words(control), number, answer.completion)))
    }

    /// Looks until `goal` is seen or `limit` is over; some BMCs forget a switch that they took, so that `again` is
    /// said again now and then.
    async fn seen(&self, goal: Power, again: Option<Control>, limit: Duration) -> Result<Power, DriverError> {
        let clock = self.ipmi.wires.clock.clone();
        let end = clock.tick().after(limit);
        let mut pause = self.ipmi.manner.pause / 4;
        let mut said = clock.tick();
        loop {
            sleep(&*clock, pause.min(end.since(clock.tick()))).await;
            let seen = self.power().await;
            let now = clock.tick();
            if seen.as_ref().is_ok_and(|seen| *seen == goal) || now >= end {
                return seen;
            }
            if let Err(error @ DriverError::LoginRefused { .. }) = seen {
                return Err(error);
            }
            if let Some(control) = again.filter(|_| seen.is_ok() && now.since(said) >= SAY_AGAIN) {
                said = now;
                if let Err(error) = self.press(control).await {
                    tracing::debug!(bmc = %self.who(), %error, "power was not switched again");
                }
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }
}

/// As `ipmitool` names them.
fn words(control: Control) -> &'static str {
    match control {
        Control::Off => "power off",
        Control::On => "power on",
        Control::Cycle => "power cycle",
        Control::Reset => "power reset",
        Control::Interrupt => "power diag",
        Control::SoftOff => "power soft",
    }
}

/// Between two looks at power.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// After which a switch counts as forgotten.
const SAY_AGAIN: Duration = Duration::from_secs(20);

//! Recurring maintenance windows: Azure has one object per rhythm, azurerm one list of arguments.

use serde_json::{Map, Value as Json, json};

use crate::mapping::Documents;

/// The documents that hold recurring windows.
const WINDOWS: [&str; 2] = ["upgrades", "node_upgrades"];

/// Names of rhythms in azurerm and in bodies, with the name of the interval in bodies.
const RHYTHMS: [(&str, &str, &str); 4] = [
    ("Daily", "daily", "intervalDays"),
    ("Weekly", "weekly", "intervalWeeks"),
    ("AbsoluteMonthly", "absoluteMonthly", "intervalMonths"),
    ("RelativeMonthly", "relativeMonthly", "intervalMonths"),
];

/// Turns flat arguments into Azure's schedule.
pub(crate) fn write_schedules(documents: &mut Documents) {
    for name in WINDOWS {
        let window = documents
            .named
            .get_mut(name)
            .and_then(|document| document.pointer_mut("/properties/maintenanceWindow"));
        if let Some(window) = window.and_then(Json::as_object_mut) {
            write_schedule(window);
        }
    }
}

fn write_schedule(window: &mut Map<String, Json>) {
    let mut take = |name: &str| window.remove(name);
    let (frequency, interval) = (take("frequency"), take("interval"));
    let (day, week, day_of_month) = (take("dayOfWeek"), take("weekIndex"), take("dayOfMonth"));
    let frequency = frequency.as_ref().and_then(Json::as_str).unwrap_or_default();
    let Some((_, key, interval_name)) = RHYTHMS.iter().find(|(name, ..)| *name == frequency) else { return };
    let mut rhythm = Map::new();
    rhythm.insert((*interval_name).to_owned(), interval.unwrap_or_default());
    if let Some(day) = day.filter(|_| matches!(*key, "weekly" | "relativeMonthly")) {
        rhythm.insert("dayOfWeek".to_owned(), day);
    }
    if let Some(week) = week.filter(|_| *key == "relativeMonthly") {
        rhythm.insert("weekIndex".to_owned(), week);
    }
    if let Some(day) = day_of_month.filter(|_| *key == "absoluteMonthly") {
        rhythm.insert("dayOfMonth".to_owned(), day);
    }
    window.insert("schedule".to_owned(), json!({ *key: rhythm }));
    // A start time is part of every window; midnight is what a missing one means.
    window.entry("startTime").or_insert_with(|| "00:00".into());
    shorten(window, "startDate");
    for dates in window.get_mut("notAllowedDates").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(dates) = dates.as_object_mut() {
            shorten(dates, "start");
            shorten(dates, "end");
        }
    }
}

/// Azure wants the date of a moment.
fn shorten(object: &mut Map<String, Json>, name: &str) {
    if let Some(date) = object.get(name).and_then(Json::as_str).and_then(|text| text.split('T').next()) {
        let date = date.to_owned();
        object.insert(name.to_owned(), date.into());
    }
}

/// Turns Azure's schedules into flat arguments.
pub(crate) fn read_schedules(documents: &mut Documents) {
    for name in WINDOWS {
        let window = documents
            .named
            .get_mut(name)
            .and_then(|document| document.pointer_mut("/properties/maintenanceWindow"));
        if let Some(window) = window.and_then(Json::as_object_mut) {
            read_schedule(window);
        }
    }
}

fn read_schedule(window: &mut Map<String, Json>) {
    let schedule = window.get("schedule").cloned().unwrap_or_default();
    for (frequency, key, interval_name) in RHYTHMS {
        let Some(rhythm) = schedule.get(key).filter(|rhythm| rhythm.is_object()) else { continue };
        window.insert("frequency".to_owned(), frequency.into());
        window.insert("interval".to_owned(), rhythm.get(interval_name).cloned().unwrap_or_default());
        for name in ["dayOfWeek", "weekIndex", "dayOfMonth"] {
            if let Some(value) = rhythm.get(name) {
                window.insert(name.to_owned(), value.clone());
            }
        }
    }
    lengthen(window, "startDate");
    for dates in window.get_mut("notAllowedDates").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(dates) = dates.as_object_mut() {
            lengthen(dates, "start");
            lengthen(dates, "end");
        }
    }
}

/// azurerm stores dates as moments.
fn lengthen(object: &mut Map<String, Json>, name: &str) {
    if let Some(date) = object.get(name).and_then(Json::as_str).filter(|text| text.len() == 10) {
        let moment = format!("{date}T00:00:00Z");
        object.insert(name.to_owned(), moment.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_written_and_read_back() {
        for (frequency, more) in [
            ("Daily", json!({})),
            ("Weekly", json!({"dayOfWeek": "Monday"})),
            ("AbsoluteMonthly", json!({"dayOfMonth": 5})),
            ("RelativeMonthly", json!({"dayOfWeek": "Monday", "weekIndex": "First"})),
        ] {
            let mut flat = json!({"frequency": frequency, "interval": 2, "durationHours": 4, "startTime": "01:00", "startDate": "2026-01-01T00:00:00Z"});
            flat.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut documents = Documents::default();
            documents.set("$upgrades.properties.maintenanceWindow", flat.clone());
            write_schedules(&mut documents);
            assert!(documents.at("$upgrades.properties.maintenanceWindow.frequency").is_none());
            assert_eq!(
                documents.text_at("$upgrades.properties.maintenanceWindow.startDate"),
                Some("2026-01-01")
            );
            read_schedules(&mut documents);
            for (name, value) in flat.as_object().unwrap() {
                assert_eq!(
                    documents.at(&format!("$upgrades.properties.maintenanceWindow.{name}")),
                    Some(value),
                    "{frequency} {name}"
                );
            }
        }
    }
}

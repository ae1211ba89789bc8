//! `hashicorp/time`: functions.

use insta::assert_snapshot;
use terrane_model::Value;

use crate::support::{render, start};

async fn call(name: &str, arguments: Vec<Value>) -> String {
    let mut results = String::new();
    for argument in arguments {
        results += &match start("time").call_function(name.into(), vec![argument]).await {
            Ok(value) => render::object(&value),
            Err(error) => format!("argument {:?}: {error}\n", error.argument),
        };
        results += "\n";
    }
    results
}

#[tokio::test]
async fn durations() {
    let durations = ["1h", "-1m30.5s", "1ns", "x"].map(Value::from).to_vec();
    assert_snapshot!(call("duration_parse", durations).await, @r#"
    hours = 1
    microseconds = 3600000000
    milliseconds = 3600000
    minutes = 60
    nanoseconds = 3600000000000
    seconds = 3600

    hours = -0.025138888888888888
    microseconds = -90500000
    milliseconds = -90500
    minutes = -1.5083333333333333
    nanoseconds = -90500000000
    seconds = -90.5

    hours = 0.0000000000002777777777777778
    microseconds = 0
    milliseconds = 0
    minutes = 0.000000000016666666666666667
    nanoseconds = 1
    seconds = 0.000000001

    argument Some(0): Error parsing duration string: "x" is not a valid duration string
    "#);
}

#[tokio::test]
async fn timestamps() {
    let timestamps = ["2023-07-25T23:43:16Z", "2021-01-03T00:00:00-05:00", "2023"].map(Value::from).to_vec();
    assert_snapshot!(call("rfc3339_parse", timestamps).await, @r#"
    day = 25
    hour = 23
    iso_week = 30
    iso_year = 2023
    minute = 43
    month = 7
    month_name = "July"
    second = 16
    unix = 1690328596
    weekday = 2
    weekday_name = "Tuesday"
    year = 2023
    year_day = 206

    day = 3
    hour = 0
    iso_week = 53
    iso_year = 2020
    minute = 0
    month = 1
    month_name = "January"
    second = 0
    unix = 1609650000
    weekday = 0
    weekday_name = "Sunday"
    year = 2021
    year_day = 3

    argument Some(0): Error parsing RFC3339 timestamp: "2023" is not a valid RFC3339 timestamp
    "#);
}

#[tokio::test]
async fn unix_timestamps() {
    let timestamps = [1_690_328_596, -1, i64::MAX].map(Value::from).to_vec();
    assert_snapshot!(call("unix_timestamp_parse", timestamps).await, @r#"
    day = 25
    hour = 23
    iso_week = 30
    iso_year = 2023
    minute = 43
    month = 7
    month_name = "July"
    rfc3339 = "2023-07-25T23:43:16Z"
    second = 16
    weekday = 2
    weekday_name = "Tuesday"
    year = 2023
    year_day = 206

    day = 31
    hour = 23
    iso_week = 1
    iso_year = 1970
    minute = 59
    month = 12
    month_name = "December"
    rfc3339 = "1969-12-31T23:59:59Z"
    second = 59
    weekday = 3
    weekday_name = "Wednesday"
    year = 1969
    year_day = 365

    argument Some(0): a whole number of seconds is needed that leads to a year from 0 to 9999
    "#);
}

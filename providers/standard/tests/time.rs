//! `hashicorp/time`: resources.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use terrane_provider::Effects;

use crate::support::engine::{Action, Instance};
use crate::support::{render, start};

async fn instance(type_name: &str) -> Instance {
    Instance::new(start("time"), type_name).await
}

async fn planned(type_name: &str, json: &str) -> String {
    render::object(&instance(type_name).await.plan(json).await.state)
}

async fn created(type_name: &str, json: &str) -> String {
    let mut instance = instance(type_name).await;
    assert_eq!(instance.converge(json).await, Action::Create);
    assert_eq!(instance.provider.effects(type_name), Effects::None);
    instance.show()
}

async fn imported(type_name: &str, id: &str) -> String {
    let mut instance = instance(type_name).await;
    let diagnostics = instance.import(id).await;
    if diagnostics.has_errors() { render::diagnostics(&diagnostics) } else { instance.show() }
}

async fn refused(type_name: &str, configs: &[&str]) -> String {
    let instance = instance(type_name).await;
    let mut messages = String::new();
    for json in configs {
        messages += &format!("{json}\n{}", render::diagnostics(&instance.validate(json).await));
    }
    messages
}

async fn imports(type_name: &str, ids: &[&str]) -> String {
    let mut answers = String::new();
    for id in ids {
        answers += &format!("{id}\n{}", imported(type_name, id).await);
    }
    answers
}

#[tokio::test]
async fn static_times() {
    assert_snapshot!(planned("time_static", r#"{"triggers": {"a": "b"}}"#).await, @r#"
    day = (unknown number)
    hour = (unknown number)
    id = (unknown string)
    minute = (unknown number)
    month = (unknown number)
    rfc3339 = (unknown string)
    second = (unknown number)
    triggers = {a = "b"}
    unix = (unknown number)
    year = (unknown number)
    "#);
    assert_snapshot!(planned("time_static", r#"{"rfc3339": "2020-02-12T06:36:13+01:00"}"#).await, @r#"
    day = 12
    hour = 6
    id = "2020-02-12T06:36:13+01:00"
    minute = 36
    month = 2
    rfc3339 = "2020-02-12T06:36:13+01:00"
    second = 13
    unix = 1581485773
    year = 2020
    "#);
    assert_snapshot!(created("time_static", r#"{"rfc3339": "2020-02-12T06:36:13+00:00"}"#).await, @r#"
    day = 12
    hour = 6
    id = "2020-02-12T06:36:13+00:00"
    minute = 36
    month = 2
    rfc3339 = "2020-02-12T06:36:13+00:00"
    second = 13
    unix = 1581489373
    year = 2020
    "#);
    let mut time = instance("time_static").await;
    time.converge("{}").await;
    assert!(time.text("rfc3339").starts_with("20") && time.text("rfc3339").ends_with('Z'));
    assert_eq!(time.text("id"), time.text("rfc3339"));
    let replaced = time.converge(r#"{"triggers": {"a": "b"}}"#).await;
    assert!(matches!(replaced, Action::Replace(paths) if paths[0] == ".triggers"));
    let replaced = time.converge(r#"{"triggers": {"a": "b"}, "rfc3339": "2020-02-12T06:36:13Z"}"#).await;
    assert_eq!(replaced, Action::Replace(vec![".rfc3339".into()]));
    time.destroy().await;
    assert_snapshot!(imports("time_static", &["2020-02-12T06:36:13Z", "yesterday"]).await, @r#"
    2020-02-12T06:36:13Z
    day = 12
    hour = 6
    id = "2020-02-12T06:36:13Z"
    minute = 36
    month = 2
    rfc3339 = "2020-02-12T06:36:13Z"
    second = 13
    unix = 1581489373
    year = 2020
    yesterday
    error: Import time static error: The timestamp "yesterday" could not be parsed as RFC3339.
    "#);
    assert_snapshot!(refused("time_static", &[r#"{"rfc3339": "2020-02-12"}"#]).await, @r#"
    {"rfc3339": "2020-02-12"}
    error at .rfc3339: Invalid RFC3339 String Value: A string value was provided that is not valid RFC3339 string format, such as "2006-01-02T15:04:05Z" or "2006-01-02T15:04:05+07:00".

    Given Value: 2020-02-12
    "#);
}

#[tokio::test]
async fn offsets() {
    let json = r#"{"base_rfc3339": "2020-01-31T00:00:00+02:00", "offset_months": 1}"#;
    assert_snapshot!(planned("time_offset", json).await, @r#"
    base_rfc3339 = "2020-01-31T00:00:00+02:00"
    day = (unknown number)
    hour = (unknown number)
    id = (unknown string)
    minute = (unknown number)
    month = (unknown number)
    offset_months = 1
    rfc3339 = (unknown string)
    second = (unknown number)
    unix = (unknown number)
    year = (unknown number)
    "#);
    assert_snapshot!(created("time_offset", json).await, @r#"
    base_rfc3339 = "2020-01-31T00:00:00+02:00"
    day = 2
    hour = 0
    id = "2020-01-31T00:00:00+02:00"
    minute = 0
    month = 3
    offset_months = 1
    rfc3339 = "2020-03-02T00:00:00+02:00"
    second = 0
    unix = 1583100000
    year = 2020
    "#);
    let mut time = instance("time_offset").await;
    time.converge(json).await;
    let json = r#"{"base_rfc3339": "2020-01-31T00:00:00+02:00", "offset_years": -1, "offset_seconds": 5}"#;
    assert_snapshot!(render::object(&time.plan(json).await.state), @r#"
    base_rfc3339 = "2020-01-31T00:00:00+02:00"
    day = 31
    hour = 0
    id = "2020-01-31T00:00:00+02:00"
    minute = 0
    month = 1
    offset_seconds = 5
    offset_years = -1
    rfc3339 = "2019-01-31T00:00:05+02:00"
    second = 5
    unix = 1548885605
    year = 2019
    "#);
    assert_eq!(time.converge(json).await, Action::Update);
    let json = r#"{"base_rfc3339": "2021-01-31T00:00:00Z", "offset_years": -1, "offset_seconds": 5}"#;
    assert_snapshot!(render::object(&time.plan(json).await.state), @r#"
    base_rfc3339 = "2021-01-31T00:00:00Z"
    day = (unknown number)
    hour = (unknown number)
    id = (unknown string)
    minute = (unknown number)
    month = (unknown number)
    offset_seconds = 5
    offset_years = -1
    rfc3339 = (unknown string)
    second = (unknown number)
    unix = (unknown number)
    year = (unknown number)
    "#);
    assert_eq!(time.converge(json).await, Action::Update);
    // The base stays when it is not written any more.
    assert_eq!(time.converge(r#"{"offset_minutes": 1}"#).await, Action::Update);
    assert_eq!(time.text("rfc3339"), "2021-01-31T00:01:00Z");
    let json = r#"{"offset_minutes": "(unknown)"}"#;
    assert_snapshot!(render::object(&time.plan(json).await.state), @"
    base_rfc3339 = (unknown string)
    day = (unknown number)
    hour = (unknown number)
    id = (unknown string)
    minute = (unknown number)
    month = (unknown number)
    offset_minutes = (unknown number)
    rfc3339 = (unknown string)
    second = (unknown number)
    unix = (unknown number)
    year = (unknown number)
    ");
    let replaced = time.converge(r#"{"offset_minutes": 1, "triggers": {"a": "b"}}"#).await;
    assert!(matches!(replaced, Action::Replace(paths) if paths[0] == ".triggers"));
}

#[tokio::test]
async fn offsets_that_cannot_be() {
    let far = r#"{"base_rfc3339": "2020-01-31T00:00:00Z", "offset_years": 9000}"#;
    let mut time = instance("time_offset").await;
    let planned = time.plan(far).await;
    assert_snapshot!(render::diagnostics(&time.try_apply(planned).await), @"error: Time out of range: The resulting time lies outside of the years 0 to 9999.");
    let ids = [
        "2020-02-12T06:36:13Z,1,2,3,4,5,6",
        "2020-02-12T06:36:13Z,,,-3,,,",
        "2020-02-12T06:36:13Z,,,x,,,",
        "2020-02-12T06:36:13Z,,,,,,",
        "2020,,,1,,,",
        "2020-02-12T06:36:13Z",
    ];
    assert_snapshot!(imports("time_offset", &ids).await, @r#"
    2020-02-12T06:36:13Z,1,2,3,4,5,6
    base_rfc3339 = "2020-02-12T06:36:13Z"
    day = 15
    hour = 10
    id = "2020-02-12T06:36:13Z"
    minute = 41
    month = 4
    offset_days = 3
    offset_hours = 4
    offset_minutes = 5
    offset_months = 2
    offset_seconds = 6
    offset_years = 1
    rfc3339 = "2021-04-15T10:41:19Z"
    second = 19
    unix = 1618483279
    year = 2021
    2020-02-12T06:36:13Z,,,-3,,,
    base_rfc3339 = "2020-02-12T06:36:13Z"
    day = 9
    hour = 6
    id = "2020-02-12T06:36:13Z"
    minute = 36
    month = 2
    offset_days = -3
    rfc3339 = "2020-02-09T06:36:13Z"
    second = 13
    unix = 1581230173
    year = 2020
    2020-02-12T06:36:13Z,,,x,,,
    error: Import time offset error: The offset_days parameter "x" could not be parsed as a number: invalid digit found in string
    2020-02-12T06:36:13Z,,,,,,
    error: Unexpected Format of ID: Unexpected format of ID ("2020-02-12T06:36:13Z,,,,,,"), expected BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES,SECONDS where at least one offset value is non-empty
    2020,,,1,,,
    error: Import time offset error: The timestamp "2020" could not be parsed as RFC3339.
    2020-02-12T06:36:13Z
    error: Unexpected Format of ID: Unexpected format of ID ("2020-02-12T06:36:13Z"), expected BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES,SECONDS
    "#);
    let configs = ["{}", r#"{"offset_days": "(unknown)"}"#, r#"{"base_rfc3339": "x", "offset_days": 1}"#];
    assert_snapshot!(refused("time_offset", &configs).await, @r#"
    {}
    error: Missing Attribute Configuration: At least one of these attributes must be configured: "offset_years", "offset_months", "offset_days", "offset_hours", "offset_minutes", "offset_seconds"
    {"offset_days": "(unknown)"}
    {"base_rfc3339": "x", "offset_days": 1}
    error at .base_rfc3339: Invalid RFC3339 String Value: A string value was provided that is not valid RFC3339 string format, such as "2006-01-02T15:04:05Z" or "2006-01-02T15:04:05+07:00".

    Given Value: x
    "#);
}

#[tokio::test]
async fn rotations() {
    let json = r#"{"rfc3339": "2090-01-01T00:00:00Z", "rotation_days": 30, "rotation_years": 1}"#;
    assert_snapshot!(planned("time_rotating", json).await, @r#"
    day = (unknown number)
    hour = (unknown number)
    id = (unknown string)
    minute = (unknown number)
    month = (unknown number)
    rfc3339 = "2090-01-01T00:00:00Z"
    rotation_days = 30
    rotation_rfc3339 = (unknown string)
    rotation_years = 1
    second = (unknown number)
    unix = (unknown number)
    year = (unknown number)
    "#);
    assert_snapshot!(created("time_rotating", json).await, @r#"
    day = 1
    hour = 0
    id = "2090-01-01T00:00:00Z"
    minute = 0
    month = 1
    rfc3339 = "2090-01-01T00:00:00Z"
    rotation_days = 30
    rotation_rfc3339 = "2091-01-01T00:00:00Z"
    rotation_years = 1
    second = 0
    unix = 3818448000
    year = 2091
    "#);
    let mut time = instance("time_rotating").await;
    time.converge(json).await;
    let json = r#"{"rfc3339": "2090-01-01T00:00:00Z", "rotation_hours": 5}"#;
    assert_snapshot!(render::object(&time.plan(json).await.state), @r#"
    day = 1
    hour = 5
    id = "2090-01-01T00:00:00Z"
    minute = 0
    month = 1
    rfc3339 = "2090-01-01T00:00:00Z"
    rotation_hours = 5
    rotation_rfc3339 = "2090-01-01T05:00:00Z"
    second = 0
    unix = 3786930000
    year = 2090
    "#);
    assert_eq!(time.converge(json).await, Action::Update);
    let json = r#"{"rfc3339": "2090-01-01T00:00:00Z", "rotation_rfc3339": "2091-01-01T00:00:00Z"}"#;
    assert_eq!(time.converge(json).await, Action::Update);
    assert_eq!(time.text("rotation_rfc3339"), "2091-01-01T00:00:00Z");
    let replaced = time.converge(r#"{"rfc3339": "2090-01-02T00:00:00Z", "rotation_days": 30}"#).await;
    assert_eq!(replaced, Action::Replace(vec![".rfc3339".into()]));
}

#[tokio::test]
async fn what_has_rotated_is_gone() {
    let mut time = instance("time_rotating").await;
    let planned = time.plan(r#"{"rfc3339": "2020-01-01T00:00:00Z", "rotation_days": 30}"#).await;
    time.apply(planned).await;
    // Without a refresh in between, a change of the rotation finds out, too.
    let planned = time.plan(r#"{"rfc3339": "2020-01-01T00:00:00Z", "rotation_days": 31}"#).await;
    assert_eq!(planned.action, Action::Replace(vec![".rotation_rfc3339".into()]));
    assert!(time.refresh().await.is_empty());
    assert!(time.state.is_null());
}

#[tokio::test]
async fn rotations_that_cannot_be() {
    let ids = [
        "2090-02-12T06:36:13Z,,1,,,",
        "2090-02-12T06:36:13Z,2091-02-12T06:36:13Z",
        "2090-02-12T06:36:13Z,,,,,",
        "2090-02-12T06:36:13Z,",
        "2090-02-12T06:36:13Z,x",
        "x,,,,,1",
        "2090-02-12T06:36:13Z,,,,,x",
        "1,2,3",
    ];
    assert_snapshot!(imports("time_rotating", &ids).await, @r#"
    2090-02-12T06:36:13Z,,1,,,
    day = 12
    hour = 6
    id = "2090-02-12T06:36:13Z"
    minute = 36
    month = 3
    rfc3339 = "2090-02-12T06:36:13Z"
    rotation_months = 1
    rotation_rfc3339 = "2090-03-12T06:36:13Z"
    second = 13
    unix = 3792983773
    year = 2090
    2090-02-12T06:36:13Z,2091-02-12T06:36:13Z
    day = 12
    hour = 6
    id = "2090-02-12T06:36:13Z"
    minute = 36
    month = 2
    rfc3339 = "2090-02-12T06:36:13Z"
    rotation_rfc3339 = "2091-02-12T06:36:13Z"
    second = 13
    unix = 3822100573
    year = 2091
    2090-02-12T06:36:13Z,,,,,
    error: Unexpected Format of ID: Unexpected format of ID ("2090-02-12T06:36:13Z,,,,,"), expected BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES where at least one rotation value is non-empty
    2090-02-12T06:36:13Z,
    error: Unexpected Format of ID: Unexpected format of ID ("2090-02-12T06:36:13Z,"), expected BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES or BASETIMESTAMP,ROTATIONTIMESTAMP
    2090-02-12T06:36:13Z,x
    error: Import time rotating error: The timestamp "x" could not be parsed as RFC3339.
    x,,,,,1
    error: Import time rotating error: The timestamp "x" could not be parsed as RFC3339.
    2090-02-12T06:36:13Z,,,,,x
    error: Import time rotating error: The rotation_minutes parameter "x" could not be parsed as a number: invalid digit found in string
    1,2,3
    error: Unexpected Format of ID: Unexpected format of ID ("1,2,3"), expected BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES or BASETIMESTAMP,ROTATIONTIMESTAMP
    "#);
    let configs = ["{}", r#"{"rotation_days": 0}"#, r#"{"rotation_rfc3339": "x", "rfc3339": "y"}"#];
    assert_snapshot!(refused("time_rotating", &configs).await, @r#"
    {}
    error: Missing Attribute Configuration: At least one of these attributes must be configured: "rotation_minutes", "rotation_hours", "rotation_days", "rotation_months", "rotation_years", "rotation_rfc3339"
    {"rotation_days": 0}
    error at .rotation_days: Invalid Attribute Value: Attribute rotation_days value must be at least 1, got: 0
    {"rotation_rfc3339": "x", "rfc3339": "y"}
    error at .rfc3339: Invalid RFC3339 String Value: A string value was provided that is not valid RFC3339 string format, such as "2006-01-02T15:04:05Z" or "2006-01-02T15:04:05+07:00".

    Given Value: y
    error at .rotation_rfc3339: Invalid RFC3339 String Value: A string value was provided that is not valid RFC3339 string format, such as "2006-01-02T15:04:05Z" or "2006-01-02T15:04:05+07:00".

    Given Value: x
    "#);
}

#[tokio::test(start_paused = true)]
async fn sleeping_takes_its_time() {
    let mut sleep = instance("time_sleep").await;
    let started = tokio::time::Instant::now();
    sleep.converge(r#"{"create_duration": "1.5h", "destroy_duration": "30s"}"#).await;
    assert_eq!(started.elapsed(), Duration::from_secs(5400));
    let id = sleep.text("id");
    assert_eq!(
        sleep.converge(r#"{"create_duration": "1m", "destroy_duration": "250ms"}"#).await,
        Action::Update
    );
    assert_eq!(sleep.text("id"), id);
    assert_eq!(started.elapsed(), Duration::from_secs(5400), "changed durations do not wait");
    sleep.destroy().await;
    assert_eq!(started.elapsed(), Duration::from_millis(5_400_250));
}

#[tokio::test]
async fn sleeping_ends_when_it_is_stopped() {
    let mut sleep = instance("time_sleep").await;
    let planned = sleep.plan(r#"{"create_duration": "10m"}"#).await;
    let provider = sleep.provider.clone();
    let started = Instant::now();
    let (diagnostics, ()) = tokio::join!(sleep.try_apply(planned), provider.stop());
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(sleep.state.is_null());
    assert_snapshot!(render::diagnostics(&diagnostics), @"error: Create time sleep error: The wait of 10m was interrupted.");
}

#[tokio::test]
async fn sleeps_that_cannot_be() {
    let configs = [
        "{}",
        r#"{"create_duration": "1"}"#,
        r#"{"create_duration": "-1s"}"#,
        r#"{"destroy_duration": "1h30m"}"#,
        r#"{"destroy_duration": "(unknown)"}"#,
    ];
    assert_snapshot!(refused("time_sleep", &configs).await, @r#"
    {}
    error: Missing Attribute Configuration: At least one of these attributes must be configured: "create_duration", "destroy_duration"
    {"create_duration": "1"}
    error at .create_duration: Invalid Attribute Value Match: Attribute create_duration value must be a number immediately followed by ms (milliseconds), s (seconds), m (minutes), or h (hours), such as "30s", got: "1"
    {"create_duration": "-1s"}
    error at .create_duration: Invalid Attribute Value Match: Attribute create_duration value must be a number immediately followed by ms (milliseconds), s (seconds), m (minutes), or h (hours), such as "30s", got: "-1s"
    {"destroy_duration": "1h30m"}
    error at .destroy_duration: Invalid Attribute Value Match: Attribute destroy_duration value must be a number immediately followed by ms (milliseconds), s (seconds), m (minutes), or h (hours), such as "30s", got: "1h30m"
    {"destroy_duration": "(unknown)"}
    "#);
    assert_snapshot!(imports("time_sleep", &["1s", ",", "x,1s", ",1h30m "]).await, @r#"
    1s
    error: Unexpected Format of ID: Unexpected format of ID ("1s"), expected CREATEDURATION,DESTROYDURATION where at least one value is non-empty
    ,
    error: Unexpected Format of ID: Unexpected format of ID (","), expected CREATEDURATION,DESTROYDURATION where at least one value is non-empty
    x,1s
    error: Import time sleep error: The duration "x" cannot be parsed.
    ,1h30m 
    error: Import time sleep error: The duration "1h30m " cannot be parsed.
    "#);
    let mut sleep = instance("time_sleep").await;
    assert!(sleep.import("1s,").await.is_empty());
    assert_eq!(sleep.plan(r#"{"create_duration": "1s"}"#).await.action, Action::None);
}

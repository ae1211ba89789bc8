//! Ephemeral resources and functions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use terrane_model::{Type, Value};
use terrane_provider::{ProviderFunctionError, ValidateRequest};

use super::fake_plugin::{FakePlugin, schemas, thing, wire};
use crate::Protocol;
use crate::value_on_wire::read_value;
use crate::wire::ephemeral::*;
use crate::wire::provider::{CallFunctionRequest, CallFunctionResponse, FunctionError};
use crate::wire::resource::ValidateResponse;
use crate::wire::schema::{Function, FunctionParameter, FunctionReturn, GetProviderSchemaRequest};

fn in_seconds(seconds: u64) -> Option<Timestamp> {
    let moment = SystemTime::now() + Duration::from_secs(seconds);
    let seconds = moment.duration_since(UNIX_EPOCH).unwrap().as_secs();
    Some(Timestamp { seconds: i64::try_from(seconds).unwrap(), nanos: 0 })
}

#[tokio::test]
async fn ephemeral_resources_live_as_long_as_they_are_renewed() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol)
            .on(|_: ValidateEphemeralRequest| Ok(ValidateResponse::default()))
            .on(|request: OpenEphemeralRequest| {
                assert_eq!(request.type_name, "thing");
                Ok(OpenEphemeralResponse {
                    renew_at: in_seconds(100),
                    result: wire(&thing("open".into(), "x")),
                    private: Some(b"1".to_vec()),
                    ..OpenEphemeralResponse::default()
                })
            })
            .on(|request: RenewEphemeralRequest| {
                assert_eq!(request.private.as_deref(), Some(&b"1"[..]));
                let renew_at = Some(Timestamp { seconds: 1, nanos: -1 });
                Ok(RenewEphemeralResponse {
                    renew_at,
                    private: Some(b"2".to_vec()),
                    ..RenewEphemeralResponse::default()
                })
            })
            .on(|request: CloseEphemeralRequest| {
                assert_eq!(request.private.as_deref(), Some(&b"2"[..]));
                Ok(ValidateResponse::default())
            });
        let plugin = plugin.serve();
        let provider = plugin.provider();
        let config = thing(Value::Null(Type::String), "x");
        let request = ValidateRequest { type_name: "thing".into(), config: config.clone() };
        assert!(provider.validate_ephemeral_config(request).await.is_empty());
        let opened = provider.open_ephemeral_resource("thing".into(), config).await;
        assert_eq!(opened.result, thing("open".into(), "x"));
        let seconds = opened.renew_after.unwrap().as_secs();
        assert!((90..=100).contains(&seconds), "{seconds}");
        let renewed = provider.renew_ephemeral_resource("thing".into(), opened.private).await;
        assert_eq!(renewed.renew_after, Some(Duration::ZERO));
        assert!(provider.close_ephemeral_resource("thing".into(), renewed.private).await.is_empty());
    }
}

fn parameter(name: &str, ty: &str) -> FunctionParameter {
    FunctionParameter { name: name.to_owned(), ty: ty.to_owned().into(), ..FunctionParameter::default() }
}

/// Offers `join(separator, parts...)`.
fn with_function(protocol: Protocol) -> FakePlugin {
    let plugin = FakePlugin::new(protocol).on(move |_: GetProviderSchemaRequest| {
        let function = Function {
            parameters: vec![parameter("separator", "\"string\"")],
            variadic_parameter: Some(parameter("parts", "\"dynamic\"")),
            returns: Some(FunctionReturn { ty: "\"string\"".into() }),
            ..Function::default()
        };
        let mut schemas = schemas(protocol);
        schemas.functions.insert("join".to_owned(), function);
        Ok(schemas)
    });
    plugin.on(|request: CallFunctionRequest| {
        let arguments = request.arguments.into_iter().enumerate().map(|(position, argument)| {
            let ty = if position == 0 { Type::String } else { Type::Dynamic };
            read_value(Some(argument), &ty).unwrap()
        });
        let arguments: Vec<Value> = arguments.collect();
        if let Some(wrong) = arguments.iter().position(|argument| argument.as_str().is_none()) {
            let error = FunctionError { text: "only text".to_owned(), argument: Some(wrong as i64) };
            return Ok(CallFunctionResponse { result: None, error: Some(error) });
        }
        let texts: Vec<&str> =
            arguments.iter().filter_map(|argument| Some(argument.as_str()?.as_str())).collect();
        let result = wire(&Value::from(texts[1..].join(texts[0])));
        Ok(CallFunctionResponse { result, error: None })
    })
}

#[tokio::test]
async fn functions_take_and_return_values() {
    for protocol in Protocol::ALL {
        let plugin = with_function(protocol).serve();
        let provider = plugin.provider();
        let signature = provider.schemas().await.unwrap().functions["join"].clone();
        assert_eq!((signature.parameters.len(), signature.returns), (1, Type::String));
        let call = |arguments: Vec<Value>| provider.call_function("join".into(), arguments);
        assert_eq!(call(vec!["-".into(), "a".into(), "b".into()]).await, Ok("a-b".into()));
        let refused = call(vec!["-".into(), "a".into(), 7.into()]).await;
        let expected = ProviderFunctionError { argument: Some(2), message: "only text".to_owned() };
        assert_eq!(refused, Err(expected));
        assert_eq!(call(vec![]).await.unwrap_err().message, "function \"join\" takes 1 arguments, not 0");
        let wrong = call(vec![Value::tuple([])]).await.unwrap_err();
        assert_eq!((wrong.argument, wrong.message.as_str()), (Some(0), "string required"));
        let unknown = provider.call_function("nothing".into(), vec![]).await.unwrap_err();
        assert_eq!(unknown.message, "provider example.com/test/fake has no function named \"nothing\"");
    }
}

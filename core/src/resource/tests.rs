use super::*;

fn pairs(resource: &Resource) -> Vec<(&str, &str)> {
    let text = |value: &OwnedValue| match value {
        OwnedValue::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let pairs = resource.attributes.iter();
    pairs
        .map(|(key, value)| (key.as_str(), &*text(value).leak()))
        .collect()
}

#[test]
fn conf_091_every_resource_names_its_sdk_and_service() {
    let resource = Resource::of_process("rust");
    let all = pairs(&resource);
    assert_eq!(
        all[..3],
        [
            ("telemetry.sdk.name", "libtracer"),
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ]
    );
    assert_eq!(all[3].0, "service.name");
    assert!(
        all[3].1.starts_with("unknown_service:libtracer-"),
        "{}",
        all[3].1
    );
}

#[test]
fn conf_092_a_list_is_percent_decoded_or_discarded_as_a_whole() {
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(&str, Option<Pairs<'_>>)] = &[
        ("a=1,b=2", Some(&[("a", "1"), ("b", "2")])),
        (" a = 1 , b=2,", Some(&[("a", "1"), ("b", "2")])),
        ("a=x%2Cy%3Dz", Some(&[("a", "x,y=z")])),
        ("k%65y=caf%C3%A9", Some(&[("key", "café")])),
        ("a=1,a=2", Some(&[("a", "2")])),
        ("a=", Some(&[("a", "")])),
        ("a=b=c", Some(&[("a", "b=c")])),
        ("a=1+1", Some(&[("a", "1+1")])),
        ("", Some(&[])),
        ("a=1,b", None),
        ("a=1,=2", None),
        ("a=1,b=%zz", None),
        ("a=1,b=%ff", None),
        ("a=1,b=100%", None),
    ];
    for (list, expected) in cases {
        let resource = Resource::parse(list);
        assert_eq!(
            resource.as_ref().map(pairs),
            expected.map(<[_]>::to_vec),
            "{list}"
        );
    }
}

#[test]
fn conf_090_the_updating_resource_wins() {
    let with = |pairs: &[(&str, &str)], url: &str| {
        let mut resource = Resource::default();
        for (key, value) in pairs {
            resource.set(key, (*value).into());
        }
        resource.set_schema_url(url);
        resource
    };
    let mut merged = with(&[("a", "old"), ("b", "old")], "");
    merged.merge(&with(&[("b", ""), ("c", "new")], ""));
    assert_eq!(pairs(&merged), [("a", "old"), ("b", ""), ("c", "new")]);

    for (old, updating, expected) in [
        ("", "", ""),
        ("x", "", "x"),
        ("", "y", "y"),
        ("x", "x", "x"),
        ("x", "y", ""),
    ] {
        let mut merged = with(&[("a", "1")], old);
        merged.merge(&with(&[("b", "1")], updating));
        let bytes = merged.encode();
        assert_eq!(
            ResourceSpans::decode(&bytes[..]).unwrap().schema_url,
            expected
        );
    }
}

#[test]
fn all_types_of_values_are_encoded() {
    let mut resource = Resource::default();
    resource.set("null", OwnedValue::Null);
    resource.set(
        "map",
        OwnedValue::Map(vec![("k".into(), OwnedValue::Bool(true))]),
    );
    resource.set(
        "array",
        OwnedValue::Array(vec![OwnedValue::Int(-1), OwnedValue::Double(0.5)]),
    );
    resource.set("bytes", OwnedValue::Bytes(vec![0, 255]));
    let decoded = ResourceSpans::decode(&resource.encode()[..]).unwrap();
    let expected = [
        KeyValue {
            key: "null".into(),
            value: Some(AnyValue { value: None }),
            ..KeyValue::default()
        },
        key_value(
            "map",
            &OwnedValue::Map(vec![("k".into(), OwnedValue::Bool(true))]),
        ),
        key_value(
            "array",
            &OwnedValue::Array(vec![OwnedValue::Int(-1), OwnedValue::Double(0.5)]),
        ),
        key_value("bytes", &OwnedValue::Bytes(vec![0, 255])),
    ];
    assert_eq!(decoded.resource.unwrap().attributes, expected);
}

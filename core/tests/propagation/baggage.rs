//! W3C Baggage: the API's value and the header.

use super::{read, through, written};
use libtracer::{Baggage, BaggagePropagator, Context, Propagator};

fn header(baggage: &Baggage) -> String {
    let context = Context::new().with_baggage(baggage.clone());
    let sent = written(&BaggagePropagator, &context);
    sent.into_iter().map(|(_, value)| value).collect()
}

fn parsed(value: &str) -> Vec<(String, String, String)> {
    let context = read(&BaggagePropagator, &[("baggage", value)]);
    let baggage = context.baggage();
    let own = |(name, value): (&str, &str)| {
        let metadata = baggage.metadata(name).unwrap();
        (name.to_owned(), value.to_owned(), metadata.to_owned())
    };
    baggage.iter().map(own).collect()
}

#[test]
fn conf_096_baggage_is_changed_by_making_another() {
    let one = Baggage::new().with("a", "B% 💼").with("A", "c");
    assert_eq!((one.get("a"), one.get("A")), (Some("B% 💼"), Some("c")));
    assert_eq!((one.get("b"), one.metadata("b")), (None, None));
    let two = one.with_metadata("a", "2", " ttl=30 ").without("A");
    assert_eq!((one.len(), two.len()), (2, 1));
    assert_eq!(
        (two.get("a"), two.metadata("a")),
        (Some("2"), Some("ttl=30"))
    );
    assert_eq!(two.with("a", "3").metadata("a"), Some(""));
    assert_eq!(one.with("", "x"), one);
    assert!(two.without("a").is_empty());
}

#[test]
fn conf_096_headers_are_read_as_the_format_says() {
    /// Name, value, metadata.
    type Member = (&'static str, &'static str, &'static str);
    let cases: &[(&str, &[Member])] = &[
        (
            "key1=val1,key2=val2",
            &[("key1", "val1", ""), ("key2", "val2", "")],
        ),
        (
            " key1 =  val1 ,\tkey2\t=\tval2 ",
            &[("key1", "val1", ""), ("key2", "val2", "")],
        ),
        ("a=1;p=x; q ,b=2", &[("a", "1", "p=x; q"), ("b", "2", "")]),
        ("a=%C3%A9%2C%25", &[("a", "é,%", "")]),
        ("a=%FFx", &[("a", "\u{fffd}x", "")]),
        ("a=50%,b=%zz", &[("a", "50%", ""), ("b", "%zz", "")]),
        ("a=b=c", &[("a", "b=c", "")]),
        ("a=", &[("a", "", "")]),
        ("a=1,a=2", &[("a", "2", "")]),
        ("%41=1", &[("%41", "1", "")]),
        ("a=1;m=%2C", &[("a", "1", "m=%2C")]),
        ("a=1,,b,=3,c d=4,e=5", &[("a", "1", ""), ("e", "5", "")]),
    ];
    for (value, expected) in cases {
        let own = |(name, value, metadata): &(&str, &str, &str)| {
            (name.to_string(), value.to_string(), metadata.to_string())
        };
        let expected: Vec<_> = expected.iter().map(own).collect();
        assert_eq!(parsed(value), expected, "{value}");
    }
}

#[test]
fn conf_096_several_headers_are_one() {
    let fields = [("baggage", "a=1"), ("baggage", "b=2,a=3")];
    let baggage = read(&BaggagePropagator, &fields).baggage().clone();
    assert_eq!(baggage, Baggage::new().with("a", "3").with("b", "2"));
}

#[test]
fn conf_096_what_would_break_the_header_is_encoded_or_left_out() {
    let baggage = Baggage::new()
        .with("space", "a b")
        .with("marks", "\",;\\%=")
        .with("text", "é\r\n")
        .with_metadata("meta", "1", "p=\"x\",q=1\r\nx: y")
        .with("no token", "x")
        .with("schlüssel", "x");
    let sent = header(&baggage);
    assert_eq!(
        sent,
        "space=a%20b,marks=%22%2C%3B%5C%25%3D,text=%C3%A9%0D%0A,\
         meta=1;p=\"x\"%2Cq=1%0D%0Ax: y"
    );
    let back = Baggage::from_header(&sent);
    assert_eq!(back.get("marks"), Some("\",;\\%="));
    assert_eq!(back.get("text"), Some("é\r\n"));
    assert_eq!(back.len(), 4);
}

#[test]
fn conf_096_sixty_four_members_and_8192_bytes_travel() {
    let many: Baggage = (0..70).fold(Baggage::new(), |all, i| all.with(&format!("k{i}"), "v"));
    assert_eq!(many.len(), 70);
    assert_eq!(Baggage::from_header(&header(&many)).len(), 64);
    let members: Vec<String> = (0..70).map(|i| format!("k{i}=v")).collect();
    assert_eq!(parsed(&members.join(",")).len(), 64);

    let exact = format!("a={}", "x".repeat(8190));
    assert_eq!(parsed(&exact).len(), 1);
    assert_eq!(header(&Baggage::from_header(&exact)), exact);
    assert!(parsed(&format!("{exact}x")).is_empty());
    // What fits is carried, whatever else is there.
    let large = Baggage::new().with("big", &"x".repeat(8192)).with("b", "2");
    assert_eq!(header(&large), "b=2");
    assert_eq!(parsed(&format!("a=1,b={}", "x".repeat(9000))).len(), 1);
}

#[test]
fn conf_096_without_baggage_nothing_is_written_and_nothing_replaced() {
    assert!(through(&BaggagePropagator, &[]).is_empty());
    assert!(through(&BaggagePropagator, &[("baggage", ";,;")]).is_empty());
    let known = Context::new().with_baggage(Baggage::new().with("a", "1"));
    let bad = super::headers(&[("baggage", "===")]);
    let kept = BaggagePropagator.extract(&known, &bad);
    assert_eq!(kept.baggage().get("a"), Some("1"));
    assert_eq!(BaggagePropagator.fields(), ["baggage"]);
}

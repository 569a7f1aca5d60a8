//! Writing: into a text that grows.

use super::Raw;
use crate::bytes::{self, Hash};
use crate::key::DeviceId;
use alloc::string::String;
use alloc::vec::Vec;
use uuid::Uuid;

/// What can be written as JSON.
pub trait ToJson {
    /// Writes it at the end of `out`.
    fn write_json(&self, out: &mut String);
}

/// A value as JSON.
pub fn to_string(value: &(impl ToJson + ?Sized)) -> String {
    let mut out = String::new();
    value.write_json(&mut out);
    out
}

/// An object that is being written.
pub struct Object<'a>(&'a mut String);

impl<'a> Object<'a> {
    /// Begins one.
    pub fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self(out)
    }

    /// Writes a member.
    pub fn member(&mut self, name: &str, value: &(impl ToJson + ?Sized)) {
        value.write_json(self.name(name));
    }

    /// Writes a member unless it is its type's default.
    pub fn optional<T: ToJson + Default + PartialEq>(&mut self, name: &str, value: &T) {
        if *value != T::default() {
            self.member(name, value);
        }
    }

    /// Ends it.
    pub fn end(self) {
        self.0.push('}');
    }

    #[inline(never)]
    fn name(&mut self, name: &str) -> &mut String {
        // No value ends with an opening brace.
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        name.write_json(self.0);
        self.0.push(':');
        self.0
    }
}

impl ToJson for str {
    fn write_json(&self, out: &mut String) {
        out.push('"');
        for c in self.chars() {
            let short = match c {
                '"' | '\\' => c,
                '\n' => 'n',
                '\r' => 'r',
                '\t' => 't',
                '\u{8}' => 'b',
                '\u{c}' => 'f',
                '\0'..' ' => {
                    out.push_str("\\u00");
                    let digit = |nibble| char::from_digit(nibble, 16).unwrap_or('0');
                    out.push(digit(u32::from(c) >> 4));
                    out.push(digit(u32::from(c) & 15));
                    continue;
                }
                _ => {
                    out.push(c);
                    continue;
                }
            };
            out.push('\\');
            out.push(short);
        }
        out.push('"');
    }
}

impl ToJson for u64 {
    fn write_json(&self, out: &mut String) {
        let mut digits = [0; 20];
        let mut left = *self;
        let mut begin = digits.len();
        loop {
            begin -= 1;
            digits[begin] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        out.extend(digits[begin..].iter().map(|&digit| char::from(digit)));
    }
}

/// Not below zero, and to six decimals: a rate or a volume, of which nobody hears the seventh.
impl ToJson for f64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, as is wanted"
    )]
    fn write_json(&self, out: &mut String) {
        const MILLION: u64 = 1_000_000;
        let millionths = (*self * 1e6 + 0.5) as u64;
        (millionths / MILLION).write_json(out);
        out.push('.');
        // The leading one keeps the zeros behind it.
        let decimals = to_string(&(MILLION + millionths % MILLION));
        let decimals = decimals.strip_prefix('1').unwrap_or_default().trim_end_matches('0');
        out.push_str(if decimals.is_empty() { "0" } else { decimals });
    }
}

impl ToJson for bool {
    fn write_json(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write_json(&self, out: &mut String) {
        match self {
            Some(value) => value.write_json(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write_json(&self, out: &mut String) {
        out.push('[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            item.write_json(out);
        }
        out.push(']');
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write_json(&self, out: &mut String) {
        self.as_slice().write_json(out);
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write_json(&self, out: &mut String) {
        (**self).write_json(out);
    }
}

impl ToJson for Raw {
    fn write_json(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

/// What is written as another value.
macro_rules! as_other {
    ($($type:ty, $value:ident => $other:expr;)*) => {
        $(impl ToJson for $type {
            fn write_json(&self, out: &mut String) {
                let $value = self;
                ($other).write_json(out);
            }
        })*
    };
}

as_other! {
    String, text => text.as_str();
    u16, number => u64::from(*number);
    u32, number => u64::from(*number);
    usize, number => *number as u64;
    Hash, hash => bytes::encode(&hash.0);
    DeviceId, device => device.0;
    Uuid, id => &*id.hyphenated().encode_lower(&mut Uuid::encode_buffer());
}

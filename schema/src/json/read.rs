//! Reading: a text that is known to be JSON, and what is looked up in it. Nothing is built but what is asked for.

use super::Raw;
use crate::bytes::Hash;
use crate::key::DeviceId;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use uuid::Uuid;

/// How deep a value may be: what devices read is never deeper than a few levels.
const MOST_LEVELS: u32 = 64;

/// What can be read from JSON.
pub trait FromJson: Sized {
    /// Reads it; `None` if it is not that.
    fn from_json(json: Json<'_>) -> Option<Self>;
}

/// Reads a value from a text, which must hold nothing else.
pub fn from_str<T: FromJson>(text: &str) -> Option<T> {
    T::from_json(Json::parse(text)?)
}

/// One value of a text, checked to be JSON (RFC 8259).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// The value that a text holds; `None` if it does not hold exactly one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor(text);
        let value = cursor.value(MOST_LEVELS)?;
        cursor.0.is_empty().then_some(value)
    }

    /// The text of the value.
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The members of an object; none if it is none.
    pub fn members(self) -> impl Iterator<Item = (Json<'a>, Json<'a>)> {
        let mut cursor = Cursor::within(self.0, '{');
        core::iter::from_fn(move || {
            let name = cursor.value(MOST_LEVELS)?;
            cursor.take(':')?;
            let value = cursor.value(MOST_LEVELS)?;
            cursor.take(',');
            Some((name, value))
        })
    }

    /// The items of an array; none if it is none.
    pub fn items(self) -> impl Iterator<Item = Json<'a>> {
        let mut cursor = Cursor::within(self.0, '[');
        core::iter::from_fn(move || {
            let item = cursor.value(MOST_LEVELS)?;
            cursor.take(',');
            Some(item)
        })
    }

    /// The member of a name. One that stands twice is as good as none, and so is one that is null.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        let mut named = self.members().filter(|(key, _)| key.is(name)).map(|(_, value)| value);
        let value = named.next()?;
        (named.next().is_none() && value.0 != "null").then_some(value)
    }

    /// A member that must be there, unless it is one that may be null.
    pub fn required<T: FromJson>(self, name: &str) -> Option<T> {
        T::from_json(self.get(name).unwrap_or(Json("null")))
    }

    /// A member that may be missing; `None` if it is there and not what it should be.
    pub fn optional<T: FromJson + Default>(self, name: &str) -> Option<T> {
        self.get(name).map_or_else(|| Some(T::default()), T::from_json)
    }

    /// A string.
    pub fn string(self) -> Option<String> {
        let inner = self.inner()?;
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            text.push(match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => escaped(&mut chars)?,
                other => other,
            });
        }
        Some(text)
    }

    /// Whether it is this string.
    fn is(self, text: &str) -> bool {
        match self.inner() {
            Some(inner) if !inner.contains('\\') => inner == text,
            _ => self.string().is_some_and(|own| own == text),
        }
    }

    /// What stands between the quotes of a string.
    fn inner(self) -> Option<&'a str> {
        self.0.strip_prefix('"')?.strip_suffix('"')
    }
}

/// The character of `\uXXXX`, or of two of them that are a surrogate pair.
fn escaped(chars: &mut core::str::Chars<'_>) -> Option<char> {
    let first = unit(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    let second = (chars.next()? == '\\' && chars.next()? == 'u').then(|| unit(chars))??;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)
}

fn unit(chars: &mut core::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | chars.next()?.to_digit(16)?))
}

/// A place in a text. Parts of it are taken by `get`: what indexing would say of a wrong place weighs more than all of this.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Inside the object or array `text`; at the end where it is neither.
    fn within(text: &'a str, opening: char) -> Self {
        let inner = text.strip_prefix(opening).and_then(|inner| inner.get(..inner.len().checked_sub(1)?));
        Self(inner.unwrap_or(""))
    }

    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Goes past a character, and the space around it.
    fn take(&mut self, wanted: char) -> Option<()> {
        self.skip_space();
        self.0 = self.0.strip_prefix(wanted)?;
        self.skip_space();
        Some(())
    }

    /// Goes past a value, and the space around it.
    fn value(&mut self, levels: u32) -> Option<Json<'a>> {
        self.skip_space();
        let before = self.0;
        match before.as_bytes().first()? {
            b'{' => self.list('}', |cursor| {
                cursor.string()?;
                cursor.take(':')?;
                cursor.value(levels.checked_sub(1)?)
            })?,
            b'[' => self.list(']', |cursor| cursor.value(levels.checked_sub(1)?))?,
            b'"' => self.string()?,
            _ => self.bare()?,
        }
        let value = Json(before.get(..before.len() - self.0.len())?);
        self.skip_space();
        Some(value)
    }

    fn list(&mut self, closing: char, mut item: impl FnMut(&mut Self) -> Option<Json<'a>>) -> Option<()> {
        self.0 = self.0.get(1..)?;
        self.skip_space();
        if !self.0.starts_with(closing) {
            item(self)?;
            while !self.0.starts_with(closing) {
                self.take(',')?;
                item(self)?;
            }
        }
        self.0 = self.0.get(1..)?;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let mut bytes = self.0.bytes().enumerate().skip(1);
        if !self.0.starts_with('"') {
            return None;
        }
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.0 = self.0.get(at + 1..)?;
                    return Some(());
                }
                b'\\' => match bytes.next()?.1 {
                    b'u' => (0..4).try_for_each(|_| bytes.next()?.1.is_ascii_hexdigit().then_some(()))?,
                    other => br#""\/bfnrt"#.contains(&other).then_some(())?,
                },
                ..b' ' => return None,
                _ => {}
            }
        }
        None
    }

    /// A number, or one of the three words.
    fn bare(&mut self) -> Option<()> {
        let end = self.0.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(self.0.len());
        let (value, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        (matches!(value, "null" | "true" | "false") || is_number(value)).then_some(())
    }
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(decimals)
        && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

impl FromJson for u64 {
    fn from_json(json: Json<'_>) -> Option<Self> {
        // A number of JSON has no plus sign in front, which this would allow.
        json.text().parse().ok()
    }
}

impl FromJson for bool {
    fn from_json(json: Json<'_>) -> Option<Self> {
        json.text().parse().ok()
    }
}

impl FromJson for String {
    fn from_json(json: Json<'_>) -> Option<Self> {
        json.string()
    }
}

impl FromJson for Raw {
    fn from_json(json: Json<'_>) -> Option<Self> {
        (json.text() != "null").then(|| Self(json.text().to_string()))
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: Json<'_>) -> Option<Self> {
        if json.text() == "null" { Some(None) } else { T::from_json(json).map(Some) }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: Json<'_>) -> Option<Self> {
        json.text().starts_with('[').then(|| json.items().map(T::from_json).collect())?
    }
}

/// What is read by way of another value.
macro_rules! by_other {
    ($($type:ty, $value:ident: $other:ty => $read:expr;)*) => {
        $(impl FromJson for $type {
            fn from_json(json: Json<'_>) -> Option<Self> {
                let $value = <$other>::from_json(json)?;
                $read
            }
        })*
    };
}

by_other! {
    u16, number: u64 => number.try_into().ok();
    u32, number: u64 => number.try_into().ok();
    usize, number: u64 => number.try_into().ok();
    Hash, text: String => Hash::from_base64url(&text);
    DeviceId, hash: Hash => Some(DeviceId(hash));
    Uuid, text: String => Uuid::try_parse(&text).ok();
}

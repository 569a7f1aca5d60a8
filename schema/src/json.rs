//! JSON as devices write and read it: without serde, whose code for the same types is several times as large, and a
//! page downloads it.
//!
//! What is written here is what serde's derives write, byte for byte, but that fractions have six decimals at most; a
//! test holds the two together. Servers read what devices wrote with serde, which tells what is wrong with it; devices
//! read with [`from_str`], which only tells that something is.
//!
//! [`object!`](crate::object) and [`words!`](crate::words) make a type known here in a line.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{FromJson, Json, from_str};
pub use write::{Object, ToJson, to_string};

use alloc::string::String;

/// JSON that is carried as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(pub String);

/// Writes, reads, or both, a struct as an object whose members have the names of its fields. A member in
/// brackets is left out when it is its type's default, and is the default when it is left out.
#[macro_export]
macro_rules! object {
    (write $type:ty { $($rest:tt)* }) => {
        impl $crate::json::ToJson for $type {
            fn write_json(&self, out: &mut ::alloc::string::String) {
                let mut object = $crate::json::Object::begin(out);
                self.write_members(&mut object);
                object.end();
            }
        }
        $crate::object!(members $type { $($rest)* });
    };
    (members $type:ty { $($member:tt),* $(,)? }) => {
        impl $type {
            /// Writes its members into an object.
            pub(crate) fn write_members(&self, object: &mut $crate::json::Object<'_>) {
                $($crate::object!(@write object, self, $member);)*
            }
        }
    };
    (read $type:ty { $($member:tt),* $(,)? }) => {
        impl $crate::json::FromJson for $type {
            fn from_json(json: $crate::json::Json<'_>) -> Option<Self> {
                $crate::object!(@read json, () $($member)*)
            }
        }
    };
    ($type:ty { $($rest:tt)* }) => {
        $crate::object!(write $type { $($rest)* });
        $crate::object!(read $type { $($rest)* });
    };
    (@write $object:ident, $self:ident, $name:ident) => {
        $object.member(stringify!($name), &$self.$name)
    };
    (@write $object:ident, $self:ident, [$name:ident]) => {
        $object.optional(stringify!($name), &$self.$name)
    };
    (@read $json:ident, ($($done:tt)*) $name:ident $($rest:tt)*) => {
        $crate::object!(@read $json, ($($done)* $name: $json.required(stringify!($name))?,) $($rest)*)
    };
    (@read $json:ident, ($($done:tt)*) [$name:ident] $($rest:tt)*) => {
        $crate::object!(@read $json, ($($done)* $name: $json.optional(stringify!($name))?,) $($rest)*)
    };
    (@read $json:ident, ($($done:tt)*)) => {
        Some(Self { $($done)* })
    };
}

/// Writes and reads an enum without members as a word.
#[macro_export]
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? } $(else $other:ident)?) => {
        impl $type {
            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What the word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                $(if word == $word {
                    return Some(Self::$variant);
                })*
                $(if true {
                    return Some(Self::$other);
                })?
                None
            }
        }

        impl $crate::json::ToJson for $type {
            fn write_json(&self, out: &mut ::alloc::string::String) {
                self.as_str().write_json(out);
            }
        }

        impl $crate::json::FromJson for $type {
            fn from_json(json: $crate::json::Json<'_>) -> Option<Self> {
                Self::from_word(&json.string()?)
            }
        }
    };
}

//! Coarse places.

use crate::prelude::*;
use delistening_schema::event::{Grid, Location};

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// How precisely a place may be told: the length of its geohash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Three characters: a cell of about 150 km.
    Region,
    /// Four characters: a cell of about 40 by 20 km.
    City,
    /// Five characters: a cell of about 5 km. None is more precise.
    District,
}

impl Precision {
    const fn length(self) -> usize {
        match self {
            Self::Region => 3,
            Self::City => 4,
            Self::District => 5,
        }
    }

    /// The cell that holds a point, given in degrees; `None` if there is no such point.
    pub fn cell(self, latitude: f64, longitude: f64) -> Option<Location> {
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return None;
        }
        let (mut lat, mut lng, mut turn) = ((-90.0, 90.0), (-180.0, 180.0), true);
        let mut cell = String::new();
        for _ in 0..self.length() {
            let mut digit = 0;
            // Bits halve the longitude and the latitude by turns.
            for _ in 0..5 {
                let (range, value): (&mut (f64, f64), f64) =
                    if turn { (&mut lng, longitude) } else { (&mut lat, latitude) };
                let middle = f64::midpoint(range.0, range.1);
                let upper = value >= middle;
                *(if upper { &mut range.0 } else { &mut range.1 }) = middle;
                digit = digit << 1 | usize::from(upper);
                turn = !turn;
            }
            cell.push(char::from(DIGITS[digit]));
        }
        Some(Location { grid: Grid::Geohash, cell })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(precision: Precision, latitude: f64, longitude: f64) -> String {
        precision.cell(latitude, longitude).unwrap().cell
    }

    #[test]
    fn cells_are_those_of_the_geohash() {
        // The example of the geohash's own description, and corners.
        assert_eq!(cell(Precision::District, 57.64911, 10.40744), "u4pru");
        assert_eq!(cell(Precision::City, 52.52, 13.405), "u33d");
        assert_eq!(cell(Precision::Region, -25.382_708, -49.265_506), "6gk");
        assert_eq!(cell(Precision::Region, -90.0, -180.0), "000");
        assert_eq!(cell(Precision::District, 90.0, 180.0), "zzzzz");
    }

    #[test]
    fn what_is_no_place_has_no_cell() {
        for (latitude, longitude) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (90.1, 0.0), (0.0, -180.1)] {
            assert_eq!(Precision::Region.cell(latitude, longitude), None);
        }
    }
}

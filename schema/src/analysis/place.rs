//! Coarse places: cells of a grid as a point with a radius.

use crate::event::{Grid, Location};
use h3o::{CellIndex, LatLng};
use serde::{Deserialize, Serialize};

const EARTH_KM: f64 = 6371.0;
const GEOHASH: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// Somewhere within a circle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// When, milliseconds since 1970.
    pub at: u64,
    /// Latitude of the middle, degrees.
    pub lat: f64,
    /// Longitude of the middle, degrees.
    pub lng: f64,
    /// How far from the middle it may be, km.
    pub radius_km: f64,
}

impl Place {
    /// The place of a cell; `None` if it is not a cell of its grid.
    pub fn of(location: &Location, at: u64) -> Option<Self> {
        match location.grid {
            Grid::H3 => {
                let cell: CellIndex = location.cell.parse().ok()?;
                let middle = LatLng::from(cell);
                // A hexagon is little larger than the circle of its area.
                let radius_km = (cell.area_km2() / std::f64::consts::PI).sqrt() * 1.2;
                Some(Self { at, lat: middle.lat(), lng: middle.lng(), radius_km })
            }
            Grid::Geohash => geohash(&location.cell, at),
        }
    }

    /// The least distance between two places, in km.
    pub fn apart_km(&self, other: &Self) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let (dlat, dlng) = (b - a, (other.lng - self.lng).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + a.cos() * b.cos() * (dlng / 2.0).sin().powi(2);
        let middles = 2.0 * EARTH_KM * h.sqrt().min(1.0).asin();
        (middles - self.radius_km - other.radius_km).max(0.0)
    }
}

fn geohash(cell: &str, at: u64) -> Option<Place> {
    if cell.is_empty() || cell.len() > 12 {
        return None;
    }
    // Bits halve the longitude and the latitude by turns.
    let (mut lat, mut lng, mut turn) = ((-90.0, 90.0), (-180.0, 180.0), true);
    for symbol in cell.bytes() {
        let value = GEOHASH.iter().position(|known| *known == symbol.to_ascii_lowercase())?;
        for bit in (0..5).rev() {
            let range: &mut (f64, f64) = if turn { &mut lng } else { &mut lat };
            let middle = f64::midpoint(range.0, range.1);
            if value >> bit & 1 == 1 {
                range.0 = middle;
            } else {
                range.1 = middle;
            }
            turn = !turn;
        }
    }
    let corner = Place { at, lat: lat.0, lng: lng.0, radius_km: 0.0 };
    let mut middle =
        Place { at, lat: f64::midpoint(lat.0, lat.1), lng: f64::midpoint(lng.0, lng.1), radius_km: 0.0 };
    middle.radius_km = middle.apart_km(&corner);
    Some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(grid: Grid, cell: &str) -> Option<Place> {
        Place::of(&Location { grid, cell: cell.to_owned() }, 0)
    }

    #[test]
    fn cells_of_both_grids_lie_where_they_should() {
        let berlin = place(Grid::Geohash, "u33d").unwrap();
        assert!((berlin.lat - 52.5).abs() < 0.2 && (berlin.lng - 13.5).abs() < 0.3, "{berlin:?}");
        // A cell of resolution 5 over San Francisco, from the documentation of H3.
        let francisco = place(Grid::H3, "85283473fffffff").unwrap();
        assert!((francisco.lat - 37.35).abs() < 0.1 && (francisco.lng + 121.98).abs() < 0.1, "{francisco:?}");
        let apart = berlin.apart_km(&francisco);
        assert!((9_000.0..9_300.0).contains(&apart), "{apart}");
        assert_eq!(place(Grid::H3, "no cell"), None);
        assert_eq!(place(Grid::Geohash, "ai"), None);
    }

    #[test]
    fn coarse_cells_are_near_each_other_unless_they_must_be_far() {
        let (one, next) = (place(Grid::Geohash, "u3").unwrap(), place(Grid::Geohash, "u2").unwrap());
        assert!(one.apart_km(&next) < 1e-6);
        assert!(one.apart_km(&place(Grid::Geohash, "9q").unwrap()) > 7_000.0);
    }
}

//! The check digits of office and insurer numbers (標準仕様 4.1 の事業所番号・保険者番号).
//!
//! They can only be a hint: the standard's own examples do not satisfy them.

/// Whether the last digit of a number fits the others: modulus 10, weights 2 and 1 from the right, the digits of a
/// product added one by one; a letter counts A = 10, B = 11 and so on without I, O and Q.
///
/// For the ten characters of an office number and the six digits of an insurer number. None for what is no such number:
/// other characters, or nothing before the check digit.
pub fn check_digit_fits(number: &[u8]) -> Option<bool> {
    let (last, body) = number.split_last()?;
    if body.is_empty() || !last.is_ascii_digit() {
        return None;
    }
    let mut sum: u32 = 0;
    for (place, character) in body.iter().rev().enumerate() {
        let weight = if place % 2 == 0 { 2 } else { 1 };
        let product = value(*character)? * weight;
        sum += product / 10 + product % 10;
    }
    Some((10 - sum % 10) % 10 == u32::from(last - b'0'))
}

/// What a character counts.
fn value(character: u8) -> Option<u32> {
    if character.is_ascii_digit() {
        return Some(u32::from(character - b'0'));
    }
    let place = LETTERS.iter().position(|letter| *letter == character)?;
    u32::try_from(place).ok().map(|place| place + 10)
}

const LETTERS: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_fit_and_that_do_not() {
        for fits in [
            "9970100013",
            "9970101003",
            "9900100018",
            "99A0105007",
            "990010",
            "990028",
            // Public insurer numbers.
            "435073",
            "294538",
            "121012",
        ] {
            assert_eq!(check_digit_fits(fits.as_bytes()), Some(true), "{fits}");
            let mut other = fits.as_bytes().to_vec();
            let last = other.last_mut().unwrap();
            *last = b'0' + (*last - b'0' + 1) % 10;
            assert_eq!(check_digit_fits(&other), Some(false), "{fits}");
        }
        // The examples of the standard.
        for fails in ["0300000100", "0300000005"] {
            assert_eq!(check_digit_fits(fails.as_bytes()), Some(false), "{fails}");
        }
        for other in ["", "1", "99I0105007", "99a0105007", "997010001A", "９９"] {
            assert_eq!(check_digit_fits(other.as_bytes()), None, "{other}");
        }
    }
}

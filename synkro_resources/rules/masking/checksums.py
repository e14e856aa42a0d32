"""Check digits of cards (Luhn), SNILS and the INN of a person."""

from __future__ import annotations

SNILS_MODULUS = 101
INN_WEIGHTS = ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
"""Of the first and of the second check digit."""


def luhn_holds(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def snils_holds(digits: str) -> bool:
    """Nine digits and two check digits."""
    check = sum(int(digit) * weight for digit, weight in zip(digits[:9], range(9, 0, -1), strict=True))
    return check % SNILS_MODULUS % 100 == int(digits[9:])


def inn_holds(digits: str) -> bool:
    """Twelve digits, the last two of them check digits."""
    return all(
        sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11 % 10
        == int(digits[len(weights)])
        for weights in INN_WEIGHTS
    )

"""An independent judge of the pairs that `pairs COUNT DIR` writes: judge.py DIR WANTED.

Each file N.equal or N.unequal holds lines `left == right` of scalar expressions, operator first. Both sides are evaluated at random
rational inputs without any rounding: a value is a quotient of sums c e^q with rational c and q. Numbers e^q with distinct rational
q are linearly independent over the rationals (Lindemann and Weierstrass 1885), so such a quotient is zero exactly if all
coefficients of its numerator are. What needs more than that (an exponential of an exponential, a sine, a root) is left out and
counted. Exit 1 at a disagreement, or if fewer than WANTED pairs could be judged.
"""
import os
import random
import re
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

MOST_TERMS = 400  # of a sum of exponentials
POINTS_EQUAL, POINTS_UNEQUAL = 2, 40
getcontext().prec = 60


class Unsupported(Exception):
    pass


class Quotient:
    """num / den; both map the exponent q to the coefficient c of e^q."""

    def __init__(self, num, den=None):
        self.num = {q: c for q, c in num.items() if c}
        self.den = den or {Fraction(0): Fraction(1)}
        if max(len(self.num), len(self.den)) > MOST_TERMS:
            raise Unsupported("too many terms")

    def rational(self):
        if not self.num:
            return Fraction(0)
        if set(self.num) != set(self.den):
            raise Unsupported("an exponential of an exponential")
        ratios = {self.num[q] / self.den[q] for q in self.num}
        if len(ratios) != 1:
            raise Unsupported("an exponential of an exponential")
        return ratios.pop()

    def sign(self):
        return sign(self.num) * sign(self.den)


def number(x):
    return Quotient({Fraction(0): Fraction(x)})


def sign(terms):
    if not terms:
        return 0
    low = min(terms)
    value = sum((Decimal(c.numerator) / Decimal(c.denominator)) * ((q - low).numerator * Decimal(1) / (q - low).denominator).exp()
                for q, c in terms.items())
    if abs(value) < Decimal(10) ** -30:
        raise Unsupported("a sign too close to call")
    return 1 if value > 0 else -1


def plus(a, b):
    out = dict(a)
    for q, c in b.items():
        out[q] = out.get(q, 0) + c
    return out


def times(a, b):
    if len(a) * len(b) > 40 * MOST_TERMS:
        raise Unsupported("too many terms")
    out = {}
    for q, c in a.items():
        for r, d in b.items():
            out[q + r] = out.get(q + r, 0) + c * d
    return {q: c for q, c in out.items() if c}


def add(a, b):
    if a.den == b.den:
        return Quotient(plus(a.num, b.num), a.den)
    return Quotient(plus(times(a.num, b.den), times(b.num, a.den)), times(a.den, b.den))


def negative(a):
    return Quotient({q: -c for q, c in a.num.items()}, a.den)


def multiply(a, b):
    return Quotient(times(a.num, b.num), times(a.den, b.den))


def divide(a, b):
    if not b.num:
        raise ZeroDivisionError
    return Quotient(times(a.num, b.den), times(a.den, b.num))


def exponential(a):
    return Quotient({a.rational(): Fraction(1)})


def sigmoid(a):
    return divide(number(1), add(number(1), exponential(negative(a))))


def tanh(a):
    return add(multiply(number(2), sigmoid(multiply(number(2), a))), number(-1))


def larger(a, b):
    return a if add(a, negative(b)).sign() >= 0 else b


def power(a, b):
    n = b.rational()
    if n.denominator != 1 or abs(n) > 8:
        raise Unsupported("a power")
    out = number(1)
    for _ in range(abs(int(n))):
        out = multiply(out, a)
    return out if n >= 0 else divide(number(1), out)


def fold(step, start):
    def run(*values):
        out = start
        for v in values:
            out = v if out is None else step(out, v)
        return out
    return run


def truth(holds):
    return lambda a, b: number(1 if holds(add(a, negative(b)).sign()) else 0)


OPERATORS = {
    "+": add, "*": multiply, "/": divide, "^": power, "exp": exponential, "sigmoid": sigmoid, "tanh": tanh,
    "-": lambda a, b=None: negative(a) if b is None else add(a, negative(b)),
    "sum": fold(add, number(0)), "amax": fold(larger, None), "max": larger,
    "min": lambda a, b: negative(larger(negative(a), negative(b))),
    "relu": lambda a: larger(a, number(0)), "abs": lambda a: larger(a, negative(a)),
    "<": truth(lambda s: s < 0), "<=": truth(lambda s: s <= 0), "==": truth(lambda s: s == 0),
    "select": lambda c, a, b: a if c.rational() else b,
}


def parse(text):
    tokens = re.findall(r"[()]|[^\s()]+", text)
    at = 0

    def expression():
        nonlocal at
        token = tokens[at]
        at += 1
        if token != "(":
            return token
        out = [tokens[at]]
        at += 1
        while tokens[at] != ")":
            out.append(expression())
        at += 1
        return tuple(out)

    return expression()


class Point:
    """Random rational inputs, drawn as they are asked for; equal expressions are evaluated once."""

    def __init__(self, seed):
        self.random, self.value = random.Random(seed), {}

    def of(self, e):
        if e in self.value:
            return self.value[e]
        if isinstance(e, str):
            v = number(e) if re.match(r"-?[\d.]", e) else number(Fraction(self.random.randint(-9, 9), self.random.randint(1, 4)))
        elif e[0] not in OPERATORS:
            raise Unsupported(e[0])
        else:
            v = OPERATORS[e[0]](*[self.of(a) for a in e[1:]])
        self.value[e] = v
        return v


def differ(pairs, points):
    done = 0
    for seed in range(3 * points):
        if done == points:
            break
        try:
            point = Point(seed)
            for left, right in pairs:
                if add(point.of(left), negative(point.of(right))).num:
                    return True
            done += 1
        except ZeroDivisionError:
            continue
    if not done:
        raise Unsupported("a divisor that is always zero")
    return False


def main(folder, wanted):
    sys.setrecursionlimit(100000)
    judged, left_out, wrong = {"equal": 0, "unequal": 0}, {}, 0
    for name in sorted(os.listdir(folder), key=lambda n: int(n.split(".")[0])):
        verdict = name.split(".")[1]
        if judged[verdict] >= wanted // 2:
            continue
        with open(os.path.join(folder, name)) as lines:
            pairs = [tuple(parse(side) for side in line.split(" == ")) for line in lines]
        try:
            found = differ(pairs, POINTS_EQUAL if verdict == "equal" else POINTS_UNEQUAL)
        except Unsupported as why:
            left_out[str(why)] = left_out.get(str(why), 0) + 1
            continue
        judged[verdict] += 1
        if found != (verdict == "unequal"):
            wrong += 1
            print(f"{name}: the engine says {verdict}, exact arithmetic says {'unequal' if found else 'equal'}")
    print(f"judged {judged['equal']} equal and {judged['unequal']} unequal pairs, {wrong} disagreements; left out: {left_out}")
    return 1 if wrong or sum(judged.values()) < wanted else 0


sys.exit(main(sys.argv[1], int(sys.argv[2])))

// The yosys cells that may appear in a design, as functions named as the generated code calls them.
//
// `add_us<Y>(a, b)`: cell $add, `a` unsigned, `b` signed, result of Y bits. Operands are extended by their
// own signs to the width of the operation and the result is truncated to Y.

#pragma once
#include "value.h"

namespace cxxrtl_yosys {

using namespace cxxrtl;

constexpr size_t max(size_t a, size_t b) { return a > b ? a : b; }

template<size_t Bits> INLINE value<Bits> truth(bool condition) { return value<Bits>::from(condition); }

// Logic and reduction.

template<size_t Y, size_t A> INLINE value<Y> logic_not(const value<A> &a) { return truth<Y>(!a); }
template<size_t Y, size_t A, size_t B> INLINE value<Y> logic_and(const value<A> &a, const value<B> &b) {
	return truth<Y>(bool(a) & bool(b));
}
template<size_t Y, size_t A, size_t B> INLINE value<Y> logic_or(const value<A> &a, const value<B> &b) {
	return truth<Y>(bool(a) | bool(b));
}
template<size_t Y, size_t A> INLINE value<Y> reduce_bool(const value<A> &a) { return truth<Y>(bool(a)); }
template<size_t Y, size_t A> INLINE value<Y> reduce_or(const value<A> &a) { return truth<Y>(bool(a)); }
template<size_t Y, size_t A> INLINE value<Y> reduce_and(const value<A> &a) {
	return truth<Y>(a == value<1> { 1u }.repeat<A>());
}
template<size_t Y, size_t A> INLINE value<Y> reduce_xor(const value<A> &a) {
	uint64_t folded = 0;
	for (size_t i = 0; i < word_count<A>; i++)
		folded ^= a.template word<false>(i);
	return truth<Y>(__builtin_parityll(folded));
}
template<size_t Y, size_t A> INLINE value<Y> reduce_xnor(const value<A> &a) {
	return truth<Y>(!reduce_xor<1>(a));
}

// Bitwise operations, sums and products, on words.

template<size_t Y, bool SA, size_t A, class Operation>
INLINE value<Y> map_words(const value<A> &a, Operation operation) {
	if constexpr (!wide<Y>) {
		return value<Y>::from(operation(a.template low<SA, compute<Y>>()));
	} else {
		value<Y> result;
		for (size_t i = 0; i < word_count<Y>; i++)
			result.data[i] = operation(a.template word<SA>(i));
		result.trim();
		return result;
	}
}

template<size_t Y, bool SA, bool SB, size_t A, size_t B, class Operation>
INLINE value<Y> map_words(const value<A> &a, const value<B> &b, Operation operation) {
	if constexpr (!wide<Y>) {
		return value<Y>::from(operation(a.template low<SA, compute<Y>>(), b.template low<SB, compute<Y>>()));
	} else {
		value<Y> result;
		for (size_t i = 0; i < word_count<Y>; i++)
			result.data[i] = operation(a.template word<SA>(i), b.template word<SB>(i));
		result.trim();
		return result;
	}
}

// a + b + carry; with `Invert`, a + ~b + carry.
template<size_t Y, bool SA, bool SB, bool Invert, size_t A, size_t B>
INLINE value<Y> sum(const value<A> &a, const value<B> &b, bool carry) {
	if constexpr (!wide<Y>) {
		compute<Y> y = b.template low<SB, compute<Y>>();
		return value<Y>::from(compute<Y>(a.template low<SA, compute<Y>>() + (Invert ? ~y : y) + carry));
	} else {
		value<Y> result;
		for (size_t i = 0; i < word_count<Y>; i++) {
			uint64_t y = b.template word<SB>(i);
			unsigned __int128 total = (unsigned __int128)a.template word<SA>(i) + (Invert ? ~y : y) + carry;
			result.data[i] = uint64_t(total);
			carry = bool(total >> 64);
		}
		result.trim();
		return result;
	}
}

template<size_t W> INLINE value<W> negated(const value<W> &a) {
	return sum<W, false, false, true>(value<W>(), a, true);
}

template<size_t Y, bool SA, bool SB, size_t A, size_t B>
INLINE value<Y> product(const value<A> &a, const value<B> &b) {
	if constexpr (!wide<Y>) {
		// Where the whole product fits 32 bits, say so: it lets the compiler use vector multiplications.
		using integer = pick<(A + B <= 32), int32_t, compute<Y>>;
		using unsigned_integer = pick<(A + B <= 32), uint32_t, compute<Y>>;
		integer result = integer(a.template low<SA, unsigned_integer>() * b.template low<SB, unsigned_integer>());
		return value<Y>::from(SA || SB ? uint64_t(int64_t(result)) : uint64_t(unsigned_integer(result)));
	} else {
		value<Y> result;
		for (size_t i = 0; i < word_count<Y>; i++) {
			uint64_t carry = 0;
			for (size_t j = 0; i + j < word_count<Y>; j++) {
				unsigned __int128 total = (unsigned __int128)a.template word<SA>(i) * b.template word<SB>(j);
				total += result.data[i + j];
				total += carry;
				result.data[i + j] = uint64_t(total);
				carry = uint64_t(total >> 64);
			}
		}
		result.trim();
		return result;
	}
}

// Comparison: below, equal.

template<bool SA, bool SB, size_t A, size_t B> INLINE bool below(const value<A> &a, const value<B> &b) {
	constexpr size_t width = max(A, B);
	if constexpr (!wide<width>) {
		auto x = a.template low<SA, compute<width>>(), y = b.template low<SB, compute<width>>();
		if constexpr (!(SA && SB))
			return x < y;
		else if constexpr (width <= 32)
			return int32_t(x) < int32_t(y);
		else
			return int64_t(x) < int64_t(y);
	} else {
		constexpr size_t last = word_count<width> - 1;
		constexpr uint64_t flip = SA && SB ? uint64_t(1) << 63 : 0;
		bool less = false;
		for (size_t i = 0; i <= last; i++) {
			uint64_t x = a.template word<SA>(i) ^ (i == last ? flip : 0);
			uint64_t y = b.template word<SB>(i) ^ (i == last ? flip : 0);
			less = x < y || (x == y && less);
		}
		return less;
	}
}

template<bool SA, bool SB, size_t A, size_t B> INLINE bool equal(const value<A> &a, const value<B> &b) {
	constexpr size_t width = max(A, B);
	return a.template cast<width, SA>() == b.template cast<width, SB>();
}

// Shifts. The amount is unsigned; amounts of the width or more shift everything out.

template<size_t Limit, size_t B> INLINE size_t shift_amount(const value<B> &b) {
	size_t amount = b.template low<false, uint64_t>();
	for (size_t i = 1; i < word_count<B>; i++)
		amount = b.template word<false>(i) ? Limit : amount;
	return amount < Limit ? amount : Limit;
}

template<size_t Y, size_t B> INLINE value<Y> shifted_left(const value<Y> &a, const value<B> &b) {
	const size_t amount = shift_amount<Y>(b);
	if constexpr (!wide<Y>) {
		return amount < Y ? value<Y>::from(compute<Y>(compute<Y>(a.data) << amount)) : value<Y>();
	} else {
		value<Y> result;
		const size_t words = amount / 64, bits = amount % 64;
		for (size_t i = word_count<Y>; i-- > words;) {
			result.data[i] = a.data[i - words] << bits;
			if (bits != 0 && i > words)
				result.data[i] |= a.data[i - words - 1] >> (64 - bits);
		}
		result.trim();
		return result;
	}
}

// Right, filling with zeros or, if `Arithmetic`, with the sign.
template<bool Arithmetic, size_t W, size_t B>
INLINE value<W> shifted_right(const value<W> &a, const value<B> &b) {
	const size_t amount = shift_amount<W>(b);
	if constexpr (!wide<W>) {
		if constexpr (Arithmetic)
			return value<W>::from(int64_t(a.template low<true, uint64_t>()) >> (amount < W ? amount : W - 1));
		else
			return amount < W ? value<W>::from(a.data >> amount) : value<W>();
	} else {
		value<W> result;
		const size_t words = amount / 64, bits = amount % 64;
		for (size_t i = 0; i < word_count<W>; i++) {
			result.data[i] = a.template word<Arithmetic>(i + words) >> bits;
			if (bits != 0)
				result.data[i] |= a.template word<Arithmetic>(i + words + 1) << (64 - bits);
		}
		result.trim();
		return result;
	}
}

template<size_t Y, bool SA, size_t A, size_t B>
INLINE value<Y> cell_shl(const value<A> &a, const value<B> &b) {
	return shifted_left(a.template cast<Y, SA>(), b);
}

template<size_t Y, bool SA, bool Arithmetic, size_t A, size_t B>
INLINE value<Y> cell_shr(const value<A> &a, const value<B> &b) {
	return shifted_right<Arithmetic && SA>(a.template cast<max(A, Y), SA>(), b).template cast<Y, false>();
}

// Right by a signed amount: left if it is negative.
template<size_t Y, bool SA, size_t A, size_t B>
INLINE value<Y> cell_shift(const value<A> &a, const value<B> &b) {
	auto extended = a.template cast<max(A, Y), SA>();
	const bool left = bool(b.template extract<B - 1, B - 1>());
	auto result = left ? shifted_left(extended, negated(b)) : shifted_right<false>(extended, b);
	return result.template cast<Y, false>();
}

// Division, truncating towards zero; by zero the quotient and the remainder are zero.

template<size_t W> struct division { value<W> quotient, remainder; };

template<size_t W> inline division<W> divide(const value<W> &a, const value<W> &b) {
	if (!b)
		return {};
	if constexpr (!wide<W>) {
		return { value<W>::from(a.data / b.data), value<W>::from(a.data % b.data) };
	} else {
		division<W> result;
		for (size_t i = W; i-- > 0;) {
			bool out = bool(result.remainder.template extract<W - 1, W - 1>());
			const bool bit = a.data[i / 64] >> i % 64 & 1;
			result.remainder = sum<W, false, false, false>(result.remainder, result.remainder, bit);
			if (out || !below<false, false>(result.remainder, b)) {
				result.remainder = sum<W, false, false, true>(result.remainder, b, true);
				result.quotient.data[i / 64] |= uint64_t(1) << i % 64;
			}
		}
		return result;
	}
}

// `Floor` rounds the quotient down instead, so that the remainder has the sign of the divisor.
template<size_t Y, bool Signed, bool Floor, size_t A, size_t B>
INLINE division<Y> cell_divide(const value<A> &a, const value<B> &b) {
	// One more bit, so that the magnitude of the most negative number fits.
	constexpr size_t width = max(Y, max(A, B)) + 1;
	auto x = a.template cast<width, Signed>(), y = b.template cast<width, Signed>();
	const bool negative_x = Signed && bool(x.template extract<width - 1, width - 1>());
	const bool negative_y = Signed && bool(y.template extract<width - 1, width - 1>());
	auto result = divide(negative_x ? negated(x) : x, negative_y ? negated(y) : y);
	if (negative_x != negative_y)
		result.quotient = negated(result.quotient);
	if (negative_x)
		result.remainder = negated(result.remainder);
	if (Floor && negative_x != negative_y && result.remainder) {
		result.quotient = sum<width, false, true, false>(result.quotient, value<1> { 1u }, false);
		result.remainder = sum<width, false, false, false>(result.remainder, y, false);
	}
	return { result.quotient.template cast<Y, false>(), result.remainder.template cast<Y, false>() };
}

// The names.

#define UNARY_SIGNED(NAME, SIGN, SIGNED, ...) \
	template<size_t Y, size_t A> INLINE value<Y> NAME##_##SIGN(const value<A> &a) { \
		constexpr bool S = SIGNED; return __VA_ARGS__; \
	}
#define UNARY(NAME, ...) UNARY_SIGNED(NAME, u, false, __VA_ARGS__) UNARY_SIGNED(NAME, s, true, __VA_ARGS__)
#define BINARY_SIGNED(NAME, SIGNS, SIGNED, ...) \
	template<size_t Y, size_t A, size_t B> \
	INLINE value<Y> NAME##_##SIGNS(const value<A> &a, const value<B> &b) { \
		constexpr bool S = SIGNED; return __VA_ARGS__; \
	}
#define SAME_SIGNS(NAME, ...) \
	BINARY_SIGNED(NAME, uu, false, __VA_ARGS__) BINARY_SIGNED(NAME, ss, true, __VA_ARGS__)
#define FIRST_SIGN(NAME, ...) \
	BINARY_SIGNED(NAME, uu, false, __VA_ARGS__) BINARY_SIGNED(NAME, su, true, __VA_ARGS__)

UNARY(not, map_words<Y, S>(a, [](auto x) { return ~x; }))
UNARY(pos, a.template cast<Y, S>())
UNARY(neg, sum<Y, false, S, true>(value<Y>(), a, true))

SAME_SIGNS(and, map_words<Y, S, S>(a, b, [](auto x, auto y) { return x & y; }))
SAME_SIGNS(or, map_words<Y, S, S>(a, b, [](auto x, auto y) { return x | y; }))
SAME_SIGNS(xor, map_words<Y, S, S>(a, b, [](auto x, auto y) { return x ^ y; }))
SAME_SIGNS(xnor, map_words<Y, S, S>(a, b, [](auto x, auto y) { return ~(x ^ y); }))

SAME_SIGNS(add, sum<Y, S, S, false>(a, b, false))
SAME_SIGNS(sub, sum<Y, S, S, true>(a, b, true))
SAME_SIGNS(mul, product<Y, S, S>(a, b))
SAME_SIGNS(div, cell_divide<Y, S, false>(a, b).quotient)
SAME_SIGNS(mod, cell_divide<Y, S, false>(a, b).remainder)
SAME_SIGNS(divfloor, cell_divide<Y, S, true>(a, b).quotient)
SAME_SIGNS(modfloor, cell_divide<Y, S, true>(a, b).remainder)

SAME_SIGNS(eq, truth<Y>(equal<S, S>(a, b)))
SAME_SIGNS(ne, truth<Y>(!equal<S, S>(a, b)))
SAME_SIGNS(eqx, truth<Y>(equal<S, S>(a, b)))
SAME_SIGNS(nex, truth<Y>(!equal<S, S>(a, b)))
SAME_SIGNS(lt, truth<Y>(below<S, S>(a, b)))
SAME_SIGNS(gt, truth<Y>(below<S, S>(b, a)))
SAME_SIGNS(le, truth<Y>(!below<S, S>(b, a)))
SAME_SIGNS(ge, truth<Y>(!below<S, S>(a, b)))

FIRST_SIGN(shl, cell_shl<Y, S>(a, b))
FIRST_SIGN(sshl, cell_shl<Y, S>(a, b))
FIRST_SIGN(shr, cell_shr<Y, S, false>(a, b))
FIRST_SIGN(sshr, cell_shr<Y, S, true>(a, b))
FIRST_SIGN(shift, cell_shr<Y, S, false>(a, b))
FIRST_SIGN(shiftx, cell_shr<Y, S, false>(a, b))
BINARY_SIGNED(shift, us, false, cell_shift<Y, S>(a, b))
BINARY_SIGNED(shift, ss, true, cell_shift<Y, S>(a, b))
BINARY_SIGNED(shiftx, us, false, cell_shift<Y, S>(a, b))
BINARY_SIGNED(shiftx, ss, true, cell_shift<Y, S>(a, b))

#undef UNARY
#undef UNARY_SIGNED
#undef SAME_SIGNS
#undef FIRST_SIGN
#undef BINARY_SIGNED

// The word of a memory that an address selects.
struct memory_index {
	bool valid;
	size_t index;

	template<size_t Bits>
	INLINE memory_index(const value<Bits> &address, size_t offset, size_t depth) {
		static_assert(Bits <= 64);
		index = size_t(address.data) - offset;
		valid = index < depth;
	}
};

} // namespace cxxrtl_yosys

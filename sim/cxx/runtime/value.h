// Fixed-width bit vectors: `value<Bits>`, slices and concatenations of them.
//
// Invariant: bits of the storage above `Bits` are zero. Up to 64 bits the storage is one integer of the
// smallest sufficient size; above, an array of 64-bit words, least significant first. Either way the memory
// image is little-endian bytes, which is how the host reads and writes ports.

#pragma once
#include <stddef.h>
#include <stdint.h>

#define INLINE inline __attribute__((always_inline))

namespace cxxrtl {

template<bool Condition, class A, class B> struct pick_type { using type = A; };
template<class A, class B> struct pick_type<false, A, B> { using type = B; };
template<bool Condition, class A, class B> using pick = typename pick_type<Condition, A, B>::type;

template<size_t Bits> constexpr bool wide = Bits > 64;
template<size_t Bits> constexpr size_t word_count = Bits == 0 ? 1 : (Bits + 63) / 64;
template<size_t Bits> constexpr uint64_t ones = Bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << Bits % 64) - 1;
template<size_t Bits> constexpr uint64_t top_ones = Bits % 64 ? ones<Bits % 64> : ~uint64_t(0);
template<size_t Bits> using storage = pick<(Bits <= 8), uint8_t, pick<(Bits <= 16), uint16_t,
                                      pick<(Bits <= 32), uint32_t, uint64_t>>>;
template<size_t Bits> using compute = pick<(Bits <= 32), uint32_t, uint64_t>;

template<size_t Bits> struct value;
template<class Base, size_t High, size_t Low> struct slice_of;
template<class High, class Low> struct concat_of;

// What values, slices and concatenations have in common.
template<class Self>
struct expression {
	INLINE Self &self() { return static_cast<Self &>(*this); }
	INLINE const Self &self() const { return static_cast<const Self &>(*this); }

	template<size_t High, size_t Low> INLINE auto slice() const {
		return slice_of<const Self, High, Low> { {}, self() };
	}
	template<size_t High, size_t Low> INLINE auto slice() {
		return slice_of<Self, High, Low> { {}, self() };
	}
	template<size_t Bit> INLINE auto slice() const { return slice<Bit, Bit>(); }
	template<size_t Bit> INLINE auto slice() { return slice<Bit, Bit>(); }

	// References suffice: the generated code uses an expression within the statement that makes it.
	template<class Low> INLINE auto concat(Low &&low) const {
		return concat_of<const Self, __remove_reference_t(Low)> { {}, self(), low };
	}
	template<class Low> INLINE auto concat(Low &&low) {
		return concat_of<Self, __remove_reference_t(Low)> { {}, self(), low };
	}
};

template<size_t Bits>
struct value : expression<value<Bits>> {
	static constexpr size_t bits = Bits;
	using word_array = uint64_t[word_count<Bits>];
	pick<wide<Bits>, word_array, storage<Bits>> data;

	constexpr value() : data {} {}
	// From 32-bit pieces, least significant first: the form in which yosys writes constants.
	template<class... Rest>
	explicit constexpr value(uint32_t first, Rest... rest) : data {} {
		const uint32_t pieces[] = { first, uint32_t(rest)... };
		if constexpr (wide<Bits>) {
			for (size_t i = 0; i < 1 + sizeof...(rest); i++)
				data[i / 2] |= uint64_t(pieces[i]) << i % 2 * 32;
		} else if constexpr (Bits > 32) {
			data = pieces[0] | (sizeof...(rest) ? uint64_t(pieces[sizeof...(rest)]) << 32 : 0);
		} else {
			data = storage<Bits>(pieces[0]);
		}
	}

	// From a number, dropping the bits that do not fit.
	static INLINE value from(uint64_t number) {
		value result;
		if constexpr (wide<Bits>)
			result.data[0] = number;
		else
			result.data = storage<Bits>(number & ones<Bits>);
		return result;
	}

	INLINE const value &val() const { return *this; }

	// Word `i` of the value extended with zeros or, if `Signed`, with its sign, without bound.
	template<bool Signed> INLINE uint64_t word(size_t i) const {
		if constexpr (Bits == 0)
			return 0;
		else if constexpr (wide<Bits>) {
			constexpr size_t last = word_count<Bits> - 1;
			if (Signed && i >= last) {
				uint64_t top = uint64_t(int64_t(data[last] << (64 * (last + 1) - Bits)) >> (64 * (last + 1) - Bits));
				return i == last ? top : uint64_t(int64_t(top) >> 63);
			}
			return i <= last ? data[i] : 0;
		} else {
			uint64_t word = data;
			if (Signed)
				word = uint64_t(int64_t(word << (64 - Bits)) >> (64 - Bits));
			return i == 0 ? word : Signed ? uint64_t(int64_t(word) >> 63) : 0;
		}
	}

	// The low bits as a machine integer, extended as asked.
	template<bool Signed, class Integer> INLINE Integer low() const {
		constexpr size_t room = 8 * sizeof(Integer);
		if constexpr (!wide<Bits> && Bits != 0 && Bits < room && Signed) {
			if constexpr (room == 32)
				return Integer(int32_t(uint32_t(data) << (32 - Bits)) >> (32 - Bits));
			else
				return Integer(int64_t(uint64_t(data) << (64 - Bits)) >> (64 - Bits));
		} else {
			return Integer(word<Signed>(0));
		}
	}

	template<size_t Width, bool Signed> INLINE value<Width> cast() const {
		if constexpr (Width == Bits) {
			return *this;
		} else if constexpr (!wide<Width>) {
			return value<Width>::from(low<Signed, compute<Width>>());
		} else {
			value<Width> result;
			for (size_t i = 0; i < word_count<Width>; i++)
				result.data[i] = word<Signed>(i);
			result.trim();
			return result;
		}
	}

	INLINE void trim() {
		if constexpr (wide<Bits>)
			data[word_count<Bits> - 1] &= top_ones<Bits>;
		else
			data &= storage<Bits>(ones<Bits>);
	}

	template<size_t High, size_t Low> INLINE value<High - Low + 1> extract() const {
		constexpr size_t width = High - Low + 1;
		static_assert(High < Bits && Low <= High);
		value<width> result;
		if constexpr (!wide<Bits>) {
			result.data = storage<width>(data >> Low);
		} else if constexpr (!wide<width>) {
			uint64_t word = data[Low / 64] >> Low % 64;
			if constexpr (Low % 64 + width > 64)
				word |= data[Low / 64 + 1] << (64 - Low % 64);
			result.data = storage<width>(word);
		} else {
			for (size_t i = 0; i < word_count<width>; i++) {
				result.data[i] = data[Low / 64 + i] >> Low % 64;
				if (Low % 64 != 0 && Low / 64 + i + 1 < word_count<Bits>)
					result.data[i] |= data[Low / 64 + i + 1] << (64 - Low % 64) % 64;
			}
		}
		if constexpr (High != Bits - 1)
			result.trim();
		return result;
	}

	template<size_t High, size_t Low> INLINE void deposit(const value<High - Low + 1> &source) {
		constexpr size_t width = High - Low + 1;
		static_assert(High < Bits && Low <= High);
		if constexpr (!wide<Bits>) {
			data = storage<Bits>((data & ~(ones<width> << Low)) | uint64_t(source.data) << Low);
		} else {
			for (size_t i = Low / 64; i <= High / 64; i++) {
				uint64_t mask = ~uint64_t(0), bits;
				if (i == Low / 64)
					mask &= ~uint64_t(0) << Low % 64;
				if (i == High / 64)
					mask &= ~uint64_t(0) >> (63 - High % 64);
				size_t from = i * 64 - Low;  // Bit of the source at bit 0 of this word; wraps below zero for the first.
				if (i == Low / 64)
					bits = source.template word<false>(0) << Low % 64;
				else {
					bits = source.template word<false>(from / 64) >> from % 64;
					if (from % 64 != 0)
						bits |= source.template word<false>(from / 64 + 1) << (64 - from % 64);
				}
				data[i] = (data[i] & ~mask) | (bits & mask);
			}
		}
	}

	// Or these bits, moved up by `Offset`, into an array of words.
	template<size_t Offset> INLINE void blit(uint64_t *words) const {
		if constexpr (Bits == 0) {
		} else if constexpr (!wide<Bits>) {
			words[Offset / 64] |= uint64_t(data) << Offset % 64;
			if constexpr (Offset % 64 + Bits > 64)
				words[Offset / 64 + 1] |= uint64_t(data) >> (64 - Offset % 64);
		} else {
			for (size_t i = 0; i < word_count<Bits>; i++) {
				words[Offset / 64 + i] |= data[i] << Offset % 64;
				if (Offset % 64 != 0 && Offset / 64 + i + 1 <= (Offset + Bits - 1) / 64)
					words[Offset / 64 + i + 1] |= data[i] >> (64 - Offset % 64) % 64;
			}
		}
	}

	template<size_t Count> INLINE value<Count> repeat() const {
		static_assert(Bits == 1);
		value<Count> result;
		if constexpr (wide<Count>) {
			for (size_t i = 0; i < word_count<Count>; i++)
				result.data[i] = -uint64_t(data);
		} else {
			result.data = storage<Count>(-uint64_t(data));
		}
		result.trim();
		return result;
	}

	// Bits of `source` where `mask` is set, bits of this value elsewhere.
	INLINE value update(const value &source, const value &mask) const {
		value result;
		if constexpr (wide<Bits>) {
			for (size_t i = 0; i < word_count<Bits>; i++)
				result.data[i] = (data[i] & ~mask.data[i]) | (source.data[i] & mask.data[i]);
		} else {
			result.data = storage<Bits>((data & ~mask.data) | (source.data & mask.data));
		}
		return result;
	}

	INLINE bool operator==(const value &other) const {
		if constexpr (wide<Bits>) {
			uint64_t difference = 0;
			for (size_t i = 0; i < word_count<Bits>; i++)
				difference |= data[i] ^ other.data[i];
			return difference == 0;
		} else {
			return data == other.data;
		}
	}
	INLINE bool operator!=(const value &other) const { return !(*this == other); }

	INLINE explicit operator bool() const {
		if constexpr (wide<Bits>) {
			uint64_t any = 0;
			for (size_t i = 0; i < word_count<Bits>; i++)
				any |= data[i];
			return any != 0;
		} else {
			return data != 0;
		}
	}
};

template<class Base, size_t High, size_t Low>
struct slice_of : expression<slice_of<Base, High, Low>> {
	static constexpr size_t bits = High - Low + 1;
	Base &base;

	INLINE slice_of(expression<slice_of>, Base &base) : base(base) {}
	INLINE value<bits> val() const { return base.template extract<High, Low>(); }
	INLINE operator value<bits>() const { return val(); }
	template<size_t H, size_t L> INLINE auto extract() const {
		return base.template extract<Low + H, Low + L>();
	}
	template<size_t H, size_t L> INLINE void deposit(const value<H - L + 1> &source) {
		base.template deposit<Low + H, Low + L>(source);
	}
	template<size_t Offset> INLINE void blit(uint64_t *words) const { val().template blit<Offset>(words); }
	INLINE void operator=(const value<bits> &source) { base.template deposit<High, Low>(source); }
};

template<class High, class Low>
struct concat_of : expression<concat_of<High, Low>> {
	static constexpr size_t bits = High::bits + Low::bits;
	High &high;
	Low &low;

	INLINE concat_of(expression<concat_of>, High &high, Low &low) : high(high), low(low) {}
	template<size_t Offset> INLINE void blit(uint64_t *words) const {
		low.template blit<Offset>(words);
		high.template blit<Offset + Low::bits>(words);
	}
	INLINE value<bits> val() const {
		uint64_t words[word_count<bits>] = {};
		blit<0>(words);
		value<bits> result;
		if constexpr (wide<bits>) {
			for (size_t i = 0; i < word_count<bits>; i++)
				result.data[i] = words[i];
		} else {
			result.data = storage<bits>(words[0]);
		}
		return result;
	}
	INLINE operator value<bits>() const { return val(); }
	template<size_t H, size_t L> INLINE auto extract() const { return val().template extract<H, L>(); }
	INLINE void operator=(const value<bits> &source) {
		if constexpr (Low::bits != 0)
			low = source.template extract<Low::bits - 1, 0>();
		if constexpr (High::bits != 0)
			high = source.template extract<bits - 1, Low::bits>();
	}
};

} // namespace cxxrtl

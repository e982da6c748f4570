// What `Print`, `Assert` and `Assume` become: formatted text and a place to send it.
//
// The generated code names a few things of the C++ standard library; as none is linked, they are defined
// here.

#pragma once
#include <stdlib.h>
#include <string.h>
#include "cells.h"

namespace std {

struct string {
	char *data = nullptr;
	size_t size = 0;

	string() = default;
	string(string &&other) : data(other.data), size(other.size) { other.data = nullptr; }
	string(const string &) = delete;
	~string() { free(data); }

	void append(const char *text, size_t length) {
		data = static_cast<char *>(realloc(data, size + length + 1));
		memcpy(data + size, text, length);
		size += length;
		data[size] = 0;
	}
	void append(char letter, size_t count = 1) {
		while (count-- > 0)
			append(&letter, 1);
	}
	void operator+=(const string &other) { append(other.data, other.size); }
};

template<class T> INLINE void copy(const T *first, const T *last, T *target) {
	memcpy(static_cast<void *>(target), first, (last - first) * sizeof(T));
}
template<class T, size_t Size> INLINE T *begin(T (&array)[Size]) { return array; }
template<class T, size_t Size> INLINE T *end(T (&array)[Size]) { return array + Size; }

// Where text goes without a performer; this runtime always has one.
struct ostream {};
inline ostream cout, cerr;
inline ostream &operator<<(ostream &stream, const string &) { return stream; }

} // namespace std

#define CXXRTL_ASSERT(condition) static_cast<void>(0)

namespace cxxrtl {

struct lazy_fmt {
	// Not pure: without optimisation that would need a function of the C++ library.
	virtual std::string operator()() const { return {}; }
};

enum class flavor { ASSERT, ASSUME, ASSERT_EVENTUALLY, ASSUME_EVENTUALLY, COVER };

// The attributes of a cell, of which only the place in the source matters here.
struct metadata {
	const char *name;
	const char *text = nullptr;

	constexpr metadata(const char *name, const char *text) : name(name), text(text) {}
	template<class Number> constexpr metadata(const char *name, Number) : name(name) {}
};

struct metadata_map {
	const char *source = nullptr;

	constexpr metadata_map() {}
	template<size_t Count> constexpr metadata_map(const metadata (&attributes)[Count]) {
		for (const metadata &attribute : attributes)
			if (attribute.name[0] == 's' && attribute.name[1] == 'r' && attribute.name[2] == 'c' && !attribute.name[3])
				source = attribute.text;
	}
};

struct performer {
	void *host;
	void (*report)(void *host, int failed, const char *text, const char *source);

	INLINE void on_print(const lazy_fmt &format, const metadata_map &attributes) { send(0, format, attributes); }
	INLINE void on_check(flavor kind, bool condition, const lazy_fmt &format, const metadata_map &attributes) {
		if (__builtin_expect(!condition && (kind == flavor::ASSERT || kind == flavor::ASSUME), 0))
			send(1, format, attributes);
	}
	__attribute__((noinline)) void send(int failed, const lazy_fmt &format, const metadata_map &attributes) {
		if (!report)
			return;
		std::string text = format();
		report(host, failed, text.data ? text.data : "", attributes.source ? attributes.source : "");
	}
};

// One piece of a format string.
struct fmt_part {
	enum { LITERAL, INTEGER, STRING, UNICHAR, VLOG_TIME } type;
	const char *str;
	enum { RIGHT, LEFT, NUMERIC } justify;
	char padding;
	size_t width;
	unsigned base;
	bool signed_;
	enum { MINUS, PLUS_MINUS, SPACE_MINUS } sign;
	bool hex_upper, show_base, group, realtime;

	template<size_t Bits> std::string render(const value<Bits> &number, performer *) const {
		std::string prefix, body, text;
		if (type == LITERAL)
			body.append(str, strlen(str));
		else if (type == INTEGER)
			render_integer(number, prefix, body);
		else if (type == STRING)
			for (size_t i = (Bits + 7) / 8; i-- > 0;)
				render_byte(number.template word<false>(i / 8) >> i % 8 * 8 & 0xff, body);
		else if (type == UNICHAR)
			render_codepoint(number.template low<false, uint32_t>(), body);
		const size_t length = prefix.size + body.size, fill = length < width ? width - length : 0;
		text.append(padding, justify == RIGHT ? fill : 0);
		text += prefix;
		text.append(padding, justify == NUMERIC ? fill : 0);
		text += body;
		text.append(padding, justify == LEFT ? fill : 0);
		return text;
	}

	template<size_t Bits> void render_integer(value<Bits> number, std::string &prefix, std::string &body) const {
		bool negative = false;
		if constexpr (Bits > 0)
			negative = signed_ && bool(number.template extract<Bits - 1, Bits - 1>());
		if (negative)
			number = cxxrtl_yosys::negated(number);
		if (negative || sign != MINUS)
			prefix.append(negative ? '-' : sign == PLUS_MINUS ? '+' : ' ');
		if (show_base)
			prefix.append(base == 2 ? "0b" : base == 8 ? "0o" : base == 10 ? "0d" : hex_upper ? "0X" : "0x", 2);
		std::string reversed;
		const size_t group_size = base == 10 ? 3 : 4;
		auto rest = number.template cast<(Bits > 5 ? Bits : 5), false>();
		for (size_t digits = 0; digits == 0 || rest; digits++) {
			auto step = cxxrtl_yosys::divide(rest, decltype(rest)(uint32_t(base)));
			if (group && digits > 0 && digits % group_size == 0)
				reversed.append('_');
			const auto digit = step.remainder.template low<false, uint32_t>();
			reversed.append((hex_upper ? "0123456789ABCDEF" : "0123456789abcdef")[digit]);
			rest = step.quotient;
		}
		if (justify == NUMERIC && group && padding == '0')
			while (prefix.size + reversed.size < width)
				reversed.append(reversed.size % (group_size + 1) == group_size ? '_' : '0');
		for (size_t i = reversed.size; i-- > 0;)
			body.append(reversed.data[i]);
	}

	static void render_byte(unsigned byte, std::string &body) {
		if (byte != 0)
			body.append(char(byte));
	}

	static void render_codepoint(uint32_t code, std::string &body) {  // UTF-8
		const size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
		const uint32_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
		body.append(char(lead[more] | code >> 6 * more));
		for (size_t i = more; i-- > 0;)
			body.append(char(0x80 | (code >> 6 * i & 0x3f)));
	}
};

} // namespace cxxrtl

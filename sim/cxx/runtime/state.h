// Registers, memories and the module that holds them.
//
// The registers of a design lie together in one structure, and their next values in a second copy of it at
// the fixed distance `next_distance`: a clock edge is one block copy. (Pairs of current and next value next
// to each other, compared one by one, took half of the time of a cycle.)

#pragma once
#include <stdlib.h>
#include <string.h>
#include "value.h"
#include "text.h"

inline void *operator new(size_t, void *place) noexcept { return place; }

namespace cxxrtl {

// Not a multiple of 4 KiB, where loads of current values would seem to depend on stores of next ones.
inline constexpr size_t next_distance = (size_t(1) << 22) + 33 * 64;

template<size_t Bits>
struct next_value : expression<next_value<Bits>> {
	static constexpr size_t bits = Bits;
	INLINE value<Bits> &val() const {
		return *reinterpret_cast<value<Bits> *>(reinterpret_cast<uintptr_t>(this) + next_distance);
	}
	INLINE void operator=(const value<Bits> &source) { val() = source; }
	template<size_t High, size_t Low> INLINE auto extract() const { return val().template extract<High, Low>(); }
	template<size_t High, size_t Low> INLINE void deposit(const value<High - Low + 1> &source) {
		val().template deposit<High, Low>(source);
	}
};

template<size_t Bits>
struct wire {
	value<Bits> curr;
	[[no_unique_address]] next_value<Bits> next;

	wire() = default;
	template<class... Rest> explicit constexpr wire(uint32_t first, Rest... rest) : curr(first, rest...) {}
	wire(const wire &) = delete;
	// Only `reset` assigns a whole wire: both copies take the initial value.
	INLINE void operator=(const wire &initial) {
		curr = initial.curr;
		next = initial.curr;
	}
	template<class Observer> INLINE bool commit(Observer &) { return false; }
};

template<size_t Width>
struct memory {
	struct write {
		size_t index;
		int priority;
		value<Width> data, mask;
	};
	size_t depth, pending = 0, capacity = 0;
	value<Width> *data;
	write *queue = nullptr;

	explicit memory(size_t depth) : depth(depth) {
		data = static_cast<value<Width> *>(calloc(depth, sizeof(value<Width>)));
	}
	memory(const memory &) = delete;
	~memory() {
		free(data);
		free(queue);
	}

	INLINE const value<Width> &operator[](size_t index) const { return data[index]; }

	// Takes effect in `commit`, lowest priority first, so that the highest wins.
	INLINE void update(size_t index, const value<Width> &source, const value<Width> &mask, int priority = 0) {
		if (!mask)
			return;
		if (__builtin_expect(pending == capacity, 0))
			grow();
		size_t place = pending++;
		for (; place > 0 && queue[place - 1].priority > priority; place--)
			queue[place] = queue[place - 1];
		queue[place] = { index, priority, source, mask };
	}

	template<class Observer> INLINE bool commit(Observer &) {
		bool changed = false;
		for (size_t i = 0; i < pending; i++) {
			value<Width> &word = data[queue[i].index];
			value<Width> updated = word.update(queue[i].data, queue[i].mask);
			changed |= updated != word;
			word = updated;
		}
		pending = 0;
		return changed;
	}

	__attribute__((noinline)) void grow() {
		capacity = capacity ? 2 * capacity : 4;
		queue = static_cast<write *>(realloc(static_cast<void *>(queue), capacity * sizeof(write)));
	}
};

struct interior {};
struct observer {};

struct module {
	virtual void reset() {}
	virtual bool eval(performer *) { return true; }
	virtual bool commit() { return false; }
};

} // namespace cxxrtl

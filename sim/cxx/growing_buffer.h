// Bytes that grow at their end.

#pragma once
#include <stddef.h>
#include <stdlib.h>

struct growing_buffer {
	char *data = nullptr;
	size_t size = 0, capacity = 0;

	char *append(size_t count) {
		if (size + count > capacity) {
			capacity = 2 * (size + count) + 4096;
			data = static_cast<char *>(realloc(data, capacity));
		}
		size += count;
		return data + size - count;
	}
	void release() { free(data); }
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/path.h"

#include <string.h>

#include "common/buf.h"

/* The next component of *rest (not terminated) and its length; NULL at the end. */
static const char *next_component(const char **rest, size_t *len)
{
	const char *start = *rest + strspn(*rest, "/");

	*len = strcspn(start, "/");
	*rest = start + *len;
	return *len > 0 ? start : NULL;
}

static bool is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

static bool is_dotdot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

bool path_is_clean_relative(const char *path)
{
	for (const char *p = path;; p++) {
		size_t len = strcspn(p, "/");

		if (len == 0 || is_dot(p, len) || is_dotdot(p, len))
			return false;
		p += len;
		if (*p == '\0')
			return true;
	}
}

bool path_is_clean(const char *path)
{
	return path[0] == '/' && (path[1] == '\0' || path_is_clean_relative(path + 1));
}

static void add_components(struct buf *out, const char *path)
{
	const char *name;
	size_t len;

	while ((name = next_component(&path, &len)) != NULL) {
		if (is_dot(name, len))
			continue;
		if (is_dotdot(name, len)) {
			while (out->len > 0 && out->data[--out->len] != '/')
				;
			continue;
		}
		buf_putc(out, '/');
		buf_add(out, name, len);
	}
}

char *path_clean(const char *base, const char *path)
{
	cleanup_buf struct buf out = { 0 };

	if (path[0] != '/')
		add_components(&out, base);
	add_components(&out, path);
	if (out.len == 0)
		buf_putc(&out, '/');
	buf_add(&out, NULL, 0); /* a ".." at the end has left the NUL behind */
	return buf_take(&out);
}

const char *path_below(const char *path, const char *dir)
{
	size_t len = 0;

	if (strcmp(dir, "/") == 0)
		return path[0] == '/' ? path + 1 : NULL;
	while (dir[len] != '\0' && path[len] == dir[len])
		len++;
	if (dir[len] != '\0')
		return NULL;
	if (path[len] == '\0')
		return path + len;
	return path[len] == '/' ? path + len + 1 : NULL;
}

bool path_is_within(const char *path, const char *dir)
{
	return path_below(path, dir) != NULL;
}

bool path_is_within_any(const char *path, const struct strv *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (path_is_within(path, dirs->v[i]))
			return true;
	return false;
}

char *path_join(const char *dir, const char *name)
{
	cleanup_buf struct buf out = { 0 };

	buf_puts(&out, dir);
	if (out.len > 0 && out.data[out.len - 1] != '/')
		buf_putc(&out, '/');
	buf_puts(&out, name + (out.len > 0 ? strspn(name, "/") : 0));
	return buf_take(&out);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool path_is_name(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strchr(name, '/') == NULL;
}

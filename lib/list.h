/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked list with the node inside the element. An empty list is a head that points
 * to itself. The lock is the owner's of the head; nothing here takes one. Debug builds look at the
 * neighbours before they change them: who changes a list without its lock, or frees what is on it,
 * leaves them disagreeing.
 */
#pragma once

#include "lib/check.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_check(const struct list *at)
{
	if (!IS_ENABLED(CONFIG_DEBUG_CHECKS))
		return;
	if (unlikely(at->next->prev != at || at->prev->next != at))
		check_failed("list is damaged at %p: its next %p has prev %p, its prev %p has next "
			     "%p",
			     at, at->next, at->next->prev, at->prev, at->prev->next);
}

static inline void list_insert_after(struct list *at, struct list *node)
{
	list_check(at);
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
	list_insert_after(head, node);
}

static inline void list_push_back(struct list *head, struct list *node)
{
	list_insert_after(head->prev, node);
}

/* Take @node off its list and leave it pointing to itself, so that a second removal is harmless. */
static inline void list_remove(struct list *node)
{
	list_check(node);
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Move everything on @from to the end of @to; @from is empty afterwards. */
static inline void list_splice_back(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_first(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(pos, head, type, member)                                           \
	for (type *pos = list_entry((head)->next, type, member); &pos->member != (head); \
	     pos = list_entry(pos->member.next, type, member))

/* The same, and the body may remove @pos. */
#define list_for_each_safe(pos, head, type, member)                         \
	for (type *pos = list_entry((head)->next, type, member),            \
		  *pos##_next = list_entry(pos->member.next, type, member); \
	     &pos->member != (head);                                        \
	     pos = pos##_next, pos##_next = list_entry(pos->member.next, type, member))

/* SPDX-License-Identifier: MIT */
/* sources: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/list.h"

struct item {
	int value;
	struct list node;
};

/* The values on @head in order, as a decimal number; backwards too, which must agree. */
static int digits_of(struct list *head)
{
	int forward = 0;
	int backward = 0;
	int place = 1;

	list_for_each(i, head, struct item, node)
		forward = forward * 10 + i->value;
	for (struct list *l = head->prev; l != head; l = l->prev) {
		backward += list_entry(l, struct item, node)->value * place;
		place *= 10;
	}
	assert_int_equal(forward, backward);
	return forward;
}

static void new_list_is_empty(void **state)
{
	struct list head = LIST_INIT(head);
	struct list other;

	list_init(&other);
	assert_true(list_is_empty(&head));
	assert_true(list_is_empty(&other));
	assert_int_equal(digits_of(&head), 0);
}

static void push_back_appends_and_push_front_prepends(void **state)
{
	struct list head = LIST_INIT(head);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	list_push_back(&head, &b.node);
	list_push_back(&head, &c.node);
	list_push_front(&head, &a.node);
	assert_int_equal(digits_of(&head), 123);
	assert_ptr_equal(list_first(&head, struct item, node), &a);
}

static void insert_after_puts_between(void **state)
{
	struct list head = LIST_INIT(head);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	list_push_back(&head, &a.node);
	list_push_back(&head, &c.node);
	list_insert_after(&a.node, &b.node);
	assert_int_equal(digits_of(&head), 123);
}

static void removing_twice_is_harmless(void **state)
{
	struct list head = LIST_INIT(head);
	struct item a = { .value = 1 }, b = { .value = 2 };

	list_push_back(&head, &a.node);
	list_push_back(&head, &b.node);
	list_remove(&a.node);
	list_remove(&a.node);
	assert_true(list_is_empty(&a.node));
	assert_int_equal(digits_of(&head), 2);
	list_remove(&b.node);
	assert_true(list_is_empty(&head));
}

static void splice_moves_everything_to_the_end(void **state)
{
	struct list to = LIST_INIT(to);
	struct list from = LIST_INIT(from);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	list_push_back(&to, &a.node);
	list_push_back(&from, &b.node);
	list_push_back(&from, &c.node);
	list_splice_back(&to, &from);
	assert_int_equal(digits_of(&to), 123);
	assert_true(list_is_empty(&from));
	list_splice_back(&to, &from);
	assert_int_equal(digits_of(&to), 123);
	list_splice_back(&from, &to);
	assert_int_equal(digits_of(&from), 123);
	assert_true(list_is_empty(&to));
}

static void safe_loop_may_remove_what_it_visits(void **state)
{
	struct list head = LIST_INIT(head);
	struct item items[9];

	for (int i = 0; i < 9; i++) {
		items[i].value = i + 1;
		list_push_back(&head, &items[i].node);
	}
	list_for_each_safe(i, &head, struct item, node) {
		if (i->value % 2 == 0)
			list_remove(&i->node);
	}
	assert_int_equal(digits_of(&head), 13579);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_list_is_empty),
		cmocka_unit_test(push_back_appends_and_push_front_prepends),
		cmocka_unit_test(insert_after_puts_between),
		cmocka_unit_test(removing_twice_is_harmless),
		cmocka_unit_test(splice_moves_everything_to_the_end),
		cmocka_unit_test(safe_loop_may_remove_what_it_visits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

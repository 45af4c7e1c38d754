/* SPDX-License-Identifier: MIT */
/* sources: lib/rbtree.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rbtree.h"

#define KEYS 512

struct item {
	int key;
	bool is_in;
	struct rb_node node;
};

static u64 random_state;

static u32 random_next(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(random_state >> 33);
}

static struct item *item_of(const struct rb_node *node)
{
	return rb_entry(node, struct item, node);
}

static void insert(struct rb_root *root, struct item *item)
{
	struct rb_node **link = &root->node;
	struct rb_node *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		link = item->key < item_of(parent)->key ? &parent->left : &parent->right;
	}
	rb_insert(root, parent, link, &item->node);
	item->is_in = true;
}

static void remove_item(struct rb_root *root, struct item *item)
{
	rb_remove(root, &item->node);
	item->is_in = false;
}

/* Checks the invariants below @node; returns the number of black nodes on each path. */
static int check_below(const struct rb_node *node, const struct rb_node *parent)
{
	int left, right;

	if (node == NULL)
		return 1;
	assert_ptr_equal(node->parent, parent);
	if (node->red) {
		assert_false(node->left != NULL && node->left->red);
		assert_false(node->right != NULL && node->right->red);
	}
	left = check_below(node->left, node);
	right = check_below(node->right, node);
	assert_int_equal(left, right);
	return left + (node->red ? 0 : 1);
}

/* The tree is sound and holds exactly the items that say so, in order in both directions. */
static void check(const struct rb_root *root, const struct item *items, int count)
{
	const struct rb_node *node = rb_first(root);

	if (root->node != NULL)
		assert_false(root->node->red);
	(void)check_below(root->node, NULL);
	for (int i = 0; i < count; i++) {
		if (!items[i].is_in)
			continue;
		assert_non_null(node);
		assert_ptr_equal(item_of(node), &items[i]);
		node = rb_next(node);
	}
	assert_null(node);
	node = rb_last(root);
	for (int i = count - 1; i >= 0; i--) {
		if (!items[i].is_in)
			continue;
		assert_ptr_equal(item_of(node), &items[i]);
		node = rb_prev(node);
	}
	assert_null(node);
}

static void init_items(struct item *items, int count)
{
	for (int i = 0; i < count; i++)
		items[i] = (struct item){ .key = i };
}

static void empty_tree_has_no_first_and_no_last(void **state)
{
	struct rb_root root = { NULL };

	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
}

static void ascending_and_descending_inserts_stay_balanced(void **state)
{
	static struct item items[KEYS];
	struct rb_root up = { NULL };
	struct rb_root down = { NULL };

	init_items(items, KEYS);
	for (int i = 0; i < KEYS; i++) {
		insert(&up, &items[i]);
		check(&up, items, KEYS);
	}
	/* 512 nodes: at most 2 * log2(513) levels, so at most 10 of them black. */
	assert_true(check_below(up.node, NULL) <= 10);
	init_items(items, KEYS);
	for (int i = KEYS - 1; i >= 0; i--) {
		insert(&down, &items[i]);
		check(&down, items, KEYS);
	}
}

static void every_removal_from_every_small_tree_keeps_the_invariants(void **state)
{
	for (int count = 1; count <= 24; count++) {
		for (int gone = 0; gone < count; gone++) {
			struct item items[24];
			struct rb_root root = { NULL };

			init_items(items, count);
			/* From the outside in, so that rotations of both kinds occur. */
			for (int i = 0; i < count; i++)
				insert(&root, &items[i % 2 == 0 ? i / 2 : count - 1 - i / 2]);
			check(&root, items, count);
			remove_item(&root, &items[gone]);
			check(&root, items, count);
		}
	}
}

static void random_inserts_and_removals_match_the_model(void **state)
{
	static struct item items[KEYS];
	struct rb_root root = { NULL };

	init_items(items, KEYS);
	random_state = 1;
	for (int step = 0; step < 20000; step++) {
		struct item *const item = &items[random_next() % KEYS];

		if (item->is_in)
			remove_item(&root, item);
		else
			insert(&root, item);
		if (step % 16 == 0)
			check(&root, items, KEYS);
	}
	for (int i = 0; i < KEYS; i++) {
		if (items[i].is_in)
			remove_item(&root, &items[i]);
	}
	check(&root, items, KEYS);
	assert_null(root.node);
}

static void equal_keys_keep_the_order_of_insertion(void **state)
{
	struct item items[20];
	struct rb_root root = { NULL };
	int i = 0;

	for (i = 0; i < 20; i++) {
		items[i] = (struct item){ .key = 5 };
		insert(&root, &items[i]);
	}
	i = 0;
	for (const struct rb_node *n = rb_first(&root); n != NULL; n = rb_next(n))
		assert_ptr_equal(item_of(n), &items[i++]);
	assert_int_equal(i, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_no_first_and_no_last),
		cmocka_unit_test(ascending_and_descending_inserts_stay_balanced),
		cmocka_unit_test(every_removal_from_every_small_tree_keeps_the_invariants),
		cmocka_unit_test(random_inserts_and_removals_match_the_model),
		cmocka_unit_test(equal_keys_keep_the_order_of_insertion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

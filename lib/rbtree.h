/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree with the node inside the element. The caller descends and compares; the tree
 * balances. Invariants: a red node has black children; every path to a leaf has as many black
 * nodes. The lock is the owner's of the root.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct rb_node {
	struct rb_node *parent, *left, *right;
	bool red;
};

struct rb_root {
	struct rb_node *node;
};

/*
 * Hang @node at *@link (a left or right pointer that is NULL, or the root's) below @parent and
 * rebalance.
 */
void rb_insert(struct rb_root *root, struct rb_node *parent, struct rb_node **link,
	       struct rb_node *node);
void rb_remove(struct rb_root *root, struct rb_node *node);
/* In order; NULL at the end. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#define rb_entry(node, type, member) container_of(node, type, member)

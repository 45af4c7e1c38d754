/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree. A NULL child counts as black. Both repairs walk up with "the node that is wrong"
 * and its parent; left and right are mirror images, so one function does both through child().
 */
#include "lib/rbtree.h"

enum side { LEFT, RIGHT };

static inline struct rb_node **child(struct rb_node *node, enum side side)
{
	return side == LEFT ? &node->left : &node->right;
}

static inline enum side opposite(enum side side)
{
	return side == LEFT ? RIGHT : LEFT;
}

static inline enum side side_of(const struct rb_node *parent, const struct rb_node *node)
{
	return parent->left == node ? LEFT : RIGHT;
}

static inline bool is_red(const struct rb_node *node)
{
	return node != NULL && node->red;
}

/* Where the pointer to @node is kept: in its parent or in the root. */
static struct rb_node **link_to(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *const parent = node->parent;

	return parent == NULL ? &root->node : child(parent, side_of(parent, node));
}

/* @node goes down to @side, and its child of the other side takes its place. Order is kept. */
static void rotate(struct rb_root *root, struct rb_node *node, enum side side)
{
	struct rb_node *const up = *child(node, opposite(side));
	struct rb_node *const inner = *child(up, side);

	*link_to(root, node) = up;
	up->parent = node->parent;
	*child(up, side) = node;
	node->parent = up;
	*child(node, opposite(side)) = inner;
	if (inner != NULL)
		inner->parent = node;
}

/*
 * The only thing that may be wrong is that @node and its parent are both red. Either recolouring
 * moves the conflict up by two levels, or at most two rotations end it.
 */
static void repair_red(struct rb_root *root, struct rb_node *node)
{
	while (is_red(node->parent)) {
		struct rb_node *parent = node->parent;
		struct rb_node *const grand = parent->parent; /* exists: the root is black */
		const enum side side = side_of(grand, parent);
		struct rb_node *const uncle = *child(grand, opposite(side));

		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (side_of(parent, node) != side) {
			rotate(root, parent, side);
			node = parent;
			parent = node->parent;
		}
		parent->red = false;
		grand->red = true;
		rotate(root, grand, opposite(side));
	}
	root->node->red = false;
}

void rb_insert(struct rb_root *root, struct rb_node *parent, struct rb_node **link,
	       struct rb_node *node)
{
	node->parent = parent;
	node->left = NULL;
	node->right = NULL;
	node->red = true;
	*link = node;
	repair_red(root, node);
}

/*
 * Paths through @parent's child of @side (possibly NULL) have one black node too few. The sibling
 * cannot be NULL then, as its side has at least one black node more.
 */
static void repair_black(struct rb_root *root, struct rb_node *parent, enum side side)
{
	while (parent != NULL) {
		struct rb_node *const short_child = *child(parent, side);
		struct rb_node *sibling = *child(parent, opposite(side));

		if (is_red(short_child)) {
			short_child->red = false;
			return;
		}
		if (is_red(sibling)) {
			sibling->red = false;
			parent->red = true;
			rotate(root, parent, side);
			sibling = *child(parent, opposite(side));
		}
		if (!is_red(sibling->left) && !is_red(sibling->right)) {
			struct rb_node *const grand = parent->parent;

			/*
			 * Now the whole subtree is one short, unless its red root makes up for it.
			 */
			sibling->red = true;
			if (parent->red) {
				parent->red = false;
				return;
			}
			if (grand != NULL)
				side = side_of(grand, parent);
			parent = grand;
			continue;
		}
		if (!is_red(*child(sibling, opposite(side)))) {
			(*child(sibling, side))->red = false;
			sibling->red = true;
			rotate(root, sibling, opposite(side));
			sibling = *child(parent, opposite(side));
		}
		sibling->red = parent->red;
		parent->red = false;
		(*child(sibling, opposite(side)))->red = false;
		rotate(root, parent, side);
		return;
	}
}

/* @replacement (may be NULL) takes @node's place below its parent. */
static void replace(struct rb_root *root, struct rb_node *node, struct rb_node *replacement)
{
	*link_to(root, node) = replacement;
	if (replacement != NULL)
		replacement->parent = node->parent;
}

void rb_remove(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *parent = node->parent;
	enum side side = parent == NULL ? LEFT : side_of(parent, node);
	bool lost_black = !node->red;

	if (node->left == NULL || node->right == NULL) {
		replace(root, node, node->left != NULL ? node->left : node->right);
	} else {
		/* The next in order has no left child: take it out there and put it here. */
		struct rb_node *const next = rb_next(node);

		lost_black = !next->red;
		if (next->parent == node) {
			parent = next;
			side = RIGHT;
		} else {
			parent = next->parent;
			side = LEFT;
			replace(root, next, next->right);
			next->right = node->right;
			next->right->parent = next;
		}
		replace(root, node, next);
		next->left = node->left;
		next->left->parent = next;
		next->red = node->red;
	}
	if (lost_black) {
		if (parent == NULL && root->node != NULL)
			root->node->red = false;
		repair_black(root, parent, side);
	}
}

static struct rb_node *outermost(struct rb_node *node, enum side side)
{
	while (node != NULL && *child(node, side) != NULL)
		node = *child(node, side);
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->node, LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->node, RIGHT);
}

static struct rb_node *neighbour(const struct rb_node *node, enum side side)
{
	struct rb_node *const below = side == LEFT ? node->left : node->right;

	if (below != NULL)
		return outermost(below, opposite(side));
	while (node->parent != NULL && side_of(node->parent, node) == side)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, LEFT);
}

/**
 * The admin HTTP server of every node, open to the routes of other modules.
 */
@NullMarked
package io.plinth.kit.admin;

import org.jspecify.annotations.NullMarked;

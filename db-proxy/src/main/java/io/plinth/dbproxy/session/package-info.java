/**
 * What is remembered of a client between its statements: what it asked for, has set and has named, and its cancel key.
 */
@NullMarked
package io.plinth.dbproxy.session;

import org.jspecify.annotations.NullMarked;

/**
 * One query in, one response out, from an immutable snapshot of zones and policies. Plain logic, no sockets.
 */
@NullMarked
package io.plinth.geodns.answer;

import org.jspecify.annotations.NullMarked;

/**
 * Who owns what: a weighted consistent-hash ring for keys, and a planner of slot tables that moves as little as it can.
 */
@NullMarked
package io.plinth.kit.hashing;

import org.jspecify.annotations.NullMarked;

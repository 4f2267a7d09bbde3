/** Tests of the ring and the planner. */
@NullMarked
package io.plinth.kit.hashing;

import org.jspecify.annotations.NullMarked;

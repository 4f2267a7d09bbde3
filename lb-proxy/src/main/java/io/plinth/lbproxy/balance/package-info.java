/** Which server of a pool is next. Plain logic. */
@NullMarked
package io.plinth.lbproxy.balance;

import org.jspecify.annotations.NullMarked;

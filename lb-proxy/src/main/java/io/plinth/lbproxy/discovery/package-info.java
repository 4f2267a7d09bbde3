/** Which servers a pool has: from the file, DNS, a watched file, and whoever operates it. */
@NullMarked
package io.plinth.lbproxy.discovery;

import org.jspecify.annotations.NullMarked;

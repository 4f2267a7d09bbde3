/** Latencies that loops record and scrapes read. Plain logic. */
@NullMarked
package io.plinth.lbproxy.measure;

import org.jspecify.annotations.NullMarked;

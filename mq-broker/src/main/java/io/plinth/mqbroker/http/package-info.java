/**
 * The HTTP server of the management API: requests, who may send them, and answers. What they do is in {@code management}.
 */
@NullMarked
package io.plinth.mqbroker.http;

import org.jspecify.annotations.NullMarked;

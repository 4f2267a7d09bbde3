/**
 * The L7 load balancer: listen, wire.http1 (decode), exchange (converse), route, balance and upstream (act), wire.http1
 * (encode).
 */
@NullMarked
package io.plinth.lbproxy;

import org.jspecify.annotations.NullMarked;

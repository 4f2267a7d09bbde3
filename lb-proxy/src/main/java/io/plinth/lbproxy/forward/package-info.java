/** What a request tells its server of where it comes from: X-Forwarded headers and the trace context. */
@NullMarked
package io.plinth.lbproxy.forward;

import org.jspecify.annotations.NullMarked;

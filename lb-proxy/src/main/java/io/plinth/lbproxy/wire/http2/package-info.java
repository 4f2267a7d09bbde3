/** HTTP/2 (RFC 9113) and HPACK (RFC 7541): frames, header blocks, flow control. No channel in it. */
@NullMarked
package io.plinth.lbproxy.wire.http2;

import org.jspecify.annotations.NullMarked;

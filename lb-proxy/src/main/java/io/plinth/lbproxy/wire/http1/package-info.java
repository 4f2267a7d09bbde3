/** HTTP/1.1 on the wire, strictly (RFC 9112): heads as offsets into their bytes, body framing, limits, rejections. */
@NullMarked
package io.plinth.lbproxy.wire.http1;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.plinth.lbproxy.wire.http2;

import org.jspecify.annotations.NullMarked;

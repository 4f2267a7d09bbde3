@NullMarked
package io.plinth.lbproxy.wire.http1;

import org.jspecify.annotations.NullMarked;

/** How much a client may ask for: rates and connections. */
@NullMarked
package io.plinth.lbproxy.limit;

import org.jspecify.annotations.NullMarked;

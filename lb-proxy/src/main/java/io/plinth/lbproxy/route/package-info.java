/** Which pool a request goes to, from its host and path. Plain logic. */
@NullMarked
package io.plinth.lbproxy.route;

import org.jspecify.annotations.NullMarked;

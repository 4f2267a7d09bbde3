/** Where clients come in: listeners, connection limit, TLS. */
@NullMarked
package io.plinth.lbproxy.listen;

import org.jspecify.annotations.NullMarked;

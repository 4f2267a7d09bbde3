/**
 * Transport choice, event loops, TLS, PROXY protocol and the listeners.
 */
@NullMarked
package io.plinth.kit.net;

import org.jspecify.annotations.NullMarked;

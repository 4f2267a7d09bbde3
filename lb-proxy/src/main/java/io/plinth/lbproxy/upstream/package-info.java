/** Servers, their connections per event loop, ejection and health. */
@NullMarked
package io.plinth.lbproxy.upstream;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.plinth.lbproxy.trace;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.plinth.lbproxy.exchange;

import org.jspecify.annotations.NullMarked;

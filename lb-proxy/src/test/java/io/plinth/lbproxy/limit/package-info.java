@NullMarked
package io.plinth.lbproxy.limit;

import org.jspecify.annotations.NullMarked;

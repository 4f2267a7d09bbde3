@NullMarked
package io.plinth.lbproxy.route;

import org.jspecify.annotations.NullMarked;

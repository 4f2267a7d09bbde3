@NullMarked
package io.plinth.dbproxy.route;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.plinth.lbproxy.upstream;

import org.jspecify.annotations.NullMarked;

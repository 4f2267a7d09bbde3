@NullMarked
package io.plinth.lbproxy.discovery;

import org.jspecify.annotations.NullMarked;

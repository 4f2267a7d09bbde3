@NullMarked
package io.plinth.lbproxy;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.plinth.lbproxy.measure;

import org.jspecify.annotations.NullMarked;

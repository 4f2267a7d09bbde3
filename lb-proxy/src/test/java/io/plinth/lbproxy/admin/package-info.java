@NullMarked
package io.plinth.lbproxy.admin;

import org.jspecify.annotations.NullMarked;
